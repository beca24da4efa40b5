"""Latency and errors over time, as lines with gaps where nothing was measured."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboards.figures.base import Figure, figure, instant, time_axis, value_axis, wall_clock
from dashboards.formats import count, duration, share
from dashboards.theme import BAD_COLOUR, SERIES_COLOURS
from ledger.queries.spend import SpendRow

_PERCENTILES = (
    ("p95_seconds", "p95", SERIES_COLOURS[1], 2.0),
    ("p50_seconds", "p50", SERIES_COLOURS[0], 2.0),
)


def latency(rows: list[SpendRow], starts: list[datetime]) -> Figure:
    """Median and 95th percentile of the duration of calls."""
    by_start = {instant(row.start): row for row in rows}
    instants = [instant(start) for start in starts]
    traces = [
        _line(
            name,
            starts,
            [by_start[start].seconds[key] if start in by_start else None for start in instants],
            [
                duration(by_start[start].seconds[key]) if start in by_start else ""
                for start in instants
            ],
            colour,
            width,
        )
        for key, name, colour, width in _PERCENTILES
    ]
    return figure(
        traces, xaxis=_whole_range(starts), yaxis=value_axis(ticksuffix=" s", tickformat="~g")
    )


def error_share(rows: list[SpendRow], starts: list[datetime]) -> Figure:
    """Share of calls that failed."""
    by_start = {instant(row.start): row for row in rows if row.calls}
    instants = [instant(start) for start in starts]
    values = [
        by_start[start].errors / by_start[start].calls if start in by_start else None
        for start in instants
    ]
    texts = [
        f"{share(by_start[start].errors, by_start[start].calls)}"
        f" ({count(by_start[start].errors)} of {count(by_start[start].calls)})"
        if start in by_start
        else ""
        for start in instants
    ]
    line = _line("Errors", starts, values, texts, BAD_COLOUR, 2.0)
    return figure([line], xaxis=_whole_range(starts), yaxis=value_axis(tickformat="~%"))


def _line(
    name: str,
    starts: list[datetime],
    values: list[float | None],
    texts: list[str],
    colour: str,
    width: float,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [wall_clock(start) for start in starts],
        "y": values,
        "customdata": texts,
        "hovertemplate": "%{customdata}<extra>" + name + "</extra>",
        "connectgaps": False,
        "line": {"color": colour, "width": width, "shape": "linear"},
        "marker": {"color": colour, "size": _marker_sizes(values)},
    }


def _whole_range(starts: list[datetime]) -> dict[str, Any]:
    """From the first interval to the last, measured or not."""
    return {**time_axis(), "range": [wall_clock(starts[0]), wall_clock(starts[-1])]}


def _marker_sizes(values: list[float | None]) -> list[int]:
    """A dot where a line cannot be seen: a measurement between two gaps."""
    padded = [None, *values, None]
    return [
        5 if before is None and after is None else 0
        for before, after in zip(padded, padded[2:], strict=False)
    ]
