"""What all charts share.

Colours of text, grid and hover come from the style sheet, so that a chart needs no second drawing
when the theme changes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Figure = dict[str, Any]

GRAPH_CONFIG: Any = {"displayModeBar": False, "responsive": True}
TRANSPARENT = "rgba(0,0,0,0)"


def figure(traces: list[dict[str, Any]], **layout: Any) -> Figure:
    """A figure with the house's layout; `layout` adds to it."""
    return {
        "data": traces,
        "layout": {
            "margin": {"l": 48, "r": 8, "t": 8, "b": 36},
            "paper_bgcolor": TRANSPARENT,
            "plot_bgcolor": TRANSPARENT,
            "font": {"family": "inherit", "size": 12},
            "hovermode": "x unified",
            "hoverlabel": {"namelength": 32, "font": {"size": 12}},
            "showlegend": False,
            "dragmode": False,
            "bargap": 0.22,
            "separators": ".,",
            "uirevision": "constant",
            "xaxis": time_axis(),
            "yaxis": value_axis(),
            **layout,
        },
    }


def time_axis() -> dict[str, Any]:
    """The horizontal axis of everything over time."""
    return {
        "type": "date",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "nticks": 6,
        "tickangle": 0,
        "ticklabelstandoff": 6,
        "tickformatstops": [
            {"dtickrange": [None, 86_400_000 - 1], "value": "%H:%M<br>%b %-d"},
            {"dtickrange": [86_400_000, None], "value": "%b %-d"},
        ],
    }


def value_axis(**options: Any) -> dict[str, Any]:
    """The vertical axis: horizontal grid lines only, from zero."""
    return {
        "showgrid": True,
        "zeroline": False,
        "rangemode": "tozero",
        "fixedrange": True,
        "nticks": 5,
        "automargin": True,
        "ticklabelstandoff": 4,
        **options,
    }


def money_axis(largest_usd: float) -> dict[str, Any]:
    """A vertical axis of dollars with as many digits as its size asks for."""
    if largest_usd >= 10_000:
        tick_format = "~s"
    elif largest_usd >= 10:
        tick_format = ",.0f"
    elif largest_usd >= 0.1:
        tick_format = ".2f"
    else:
        tick_format = "~g"
    return value_axis(tickprefix="$", tickformat=tick_format)


def instant(start: datetime | None) -> datetime:
    """The moment in UTC, to look it up by.

    Local times of one zone compare by their clock alone: the hour that comes twice in autumn would
    be one key.
    """
    assert start is not None
    return start.astimezone(UTC)


def wall_clock(start: datetime) -> str:
    """Plotly knows no zones: it is given the clock of the viewer's zone."""
    return start.strftime("%Y-%m-%dT%H:%M")
