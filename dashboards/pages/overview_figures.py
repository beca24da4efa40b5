"""The overview's key figures: what each says and what it is held against."""

from __future__ import annotations

from collections.abc import Callable

from dash import html

from dashboards import ranges
from dashboards.components.key_figure import key_figure
from dashboards.figures.base import instant
from dashboards.formats import count, duration, money, money_change, percent_change, share
from dashboards.pages.overview_data import Compared, OverviewData
from ledger.domain.money import usd_from_pico
from ledger.queries.spend import SpendRow

_NOTHING_BEFORE = "nothing to compare with yet"


def key_figures(data: OverviewData) -> list[html.Article]:
    """Spend of today, of the month and of the range; calls, failures and latency of the range."""
    whole = data.whole
    previous = f"vs. the {data.range.label} before"
    return [
        _money_figure("Today", data.today, "vs. yesterday at this time"),
        _money_figure("This month", data.month, "vs. last month at this point"),
        _money_figure(f"Last {data.range.label}", whole, previous),
        key_figure(
            "Calls",
            count(whole.now.calls),
            change=percent_change(whole.now.calls, whole.before.calls) if whole.before else None,
            against=previous if whole.before else _NOTHING_BEFORE,
            shape=_shape(whole, lambda row: float(row.calls)),
        ),
        key_figure(
            "Failed calls",
            share(whole.now.errors, whole.now.calls),
            change=None,
            against=f"{count(whole.now.errors)} of {count(whole.now.calls)}",
            shape=_shape(whole, lambda row: row.errors / row.calls if row.calls else 0.0),
        ),
        key_figure(
            "Latency p95",
            duration(whole.now.seconds["p95_seconds"]),
            change=None,
            against=f"half of all calls within {duration(whole.now.seconds['p50_seconds'])}",
            shape=_shape(whole, lambda row: row.seconds["p95_seconds"] or 0.0),
        ),
    ]


def _shape(compared: Compared, measure: Callable[[SpendRow], float]) -> list[float]:
    """The measure in every interval of the range, 0 where nothing was booked."""
    by_start = {instant(row.start): measure(row) for row in compared.over_time}
    starts = ranges.interval_starts(compared.range)
    return [by_start.get(instant(start), 0.0) for start in starts]


def _money_figure(label: str, compared: Compared, against: str) -> html.Article:
    now = compared.now.cost_pico_usd
    shape = _shape(compared, lambda row: float(usd_from_pico(row.cost_pico_usd)))
    before = compared.before.cost_pico_usd if compared.before else 0
    percent = percent_change(now, before)
    if percent is None:
        return key_figure(label, money(now), change=None, against=_NOTHING_BEFORE, shape=shape)
    return key_figure(
        label,
        money(now),
        change=f"{money_change(now, before)} ({percent})",
        against=against,
        meaning="bad" if now > before else "good",
        shape=shape,
    )
