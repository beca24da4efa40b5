"""Spend over time, stacked by model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from dashboards.figures.base import Figure, figure, instant, money_axis, wall_clock
from dashboards.formats import money
from dashboards.theme import MOST_SERIES, OTHER_COLOUR, series_colour
from ledger.domain.money import usd_from_pico
from ledger.queries.spend import SpendRow

OTHER = "other"


def models_by_spend(rows: list[SpendRow]) -> list[str]:
    """The models of these rows, the most expensive first."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        totals[row.group["model"]] += row.cost_pico_usd
    return sorted(totals, key=lambda model: (-totals[model], model))


def spend_by_model(
    rows: list[SpendRow], starts: list[datetime], slots: Mapping[str, int]
) -> Figure:
    """Stacked bars with the eight biggest models and the rest; the running interval is hatched."""
    models = models_by_spend(rows)
    shown = models if len(models) <= MOST_SERIES else models[: MOST_SERIES - 1]
    series: dict[str, dict[datetime, Decimal]] = {name: defaultdict(Decimal) for name in shown}
    for row in rows:
        name = row.group["model"] if row.group["model"] in series else OTHER
        series.setdefault(name, defaultdict(Decimal))[instant(row.start)] += row.cost_pico_usd
    traces = [
        _bars(name, starts, values, OTHER_COLOUR if name == OTHER else series_colour(slots[name]))
        for name, values in series.items()
    ]
    total = _total(series, starts)
    return figure([*traces, total], barmode="stack", yaxis=money_axis(max(total["y"], default=0.0)))


def _bars(
    name: str, starts: list[datetime], values: Mapping[datetime, Decimal], colour: str
) -> dict[str, Any]:
    amounts = [values.get(instant(start), Decimal(0)) for start in starts]
    return {
        "type": "bar",
        "name": name,
        "x": [wall_clock(start) for start in starts],
        "y": [float(usd_from_pico(amount)) if amount else None for amount in amounts],
        "customdata": [money(amount) for amount in amounts],
        "hovertemplate": "%{customdata}<extra>" + name + "</extra>",
        "marker": {
            "color": colour,
            "line": {"width": 0},
            "pattern": {
                "shape": [""] * (len(starts) - 1) + ["/"],
                "fillmode": "overlay",
                "fgopacity": 0.55,
                "size": 6,
            },
        },
    }


def _total(
    series: Mapping[str, Mapping[datetime, Decimal]], starts: list[datetime]
) -> dict[str, Any]:
    """An invisible line that adds the sum to the hover card."""
    sums = [
        sum((values.get(instant(start), Decimal(0)) for values in series.values()), Decimal(0))
        for start in starts
    ]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Total",
        "x": [wall_clock(start) for start in starts],
        "y": [float(usd_from_pico(amount)) for amount in sums],
        "customdata": [money(amount) for amount in sums],
        "hovertemplate": "<b>%{customdata}</b><extra><b>Total</b></extra>",
        "line": {"width": 0},
    }
