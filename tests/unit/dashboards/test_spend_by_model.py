from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboards.figures.spend_by_model import models_by_spend, spend_by_model
from dashboards.ranges import interval_starts, today
from ledger.queries.spend import SpendRow
from tests.unit.dashboards.rows import a_spend_row

BERLIN = ZoneInfo("Europe/Berlin")
USD = 10**12


def a_row(start: datetime, usd: int, model: str = "gpt-4o-mini") -> SpendRow:
    return a_spend_row(
        group={"provider": "openai", "model": model},
        start=start.astimezone(BERLIN),
        cost_pico_usd=Decimal(usd * USD),
    )


@pytest.mark.parametrize("day", [25, 26])
def test_the_bars_of_a_day_add_up_to_its_spend(day: int) -> None:
    """On the 25th the hour from two to three happens twice."""
    starts = interval_starts(today(datetime(2026, 10, day, 20, tzinfo=UTC), BERLIN))
    rows = [a_row(datetime(2026, 10, day, hour, tzinfo=UTC), 1) for hour in (0, 1, 2)]
    chart = spend_by_model(rows, starts, {"gpt-4o-mini": 0})
    bars = next(trace for trace in chart["data"] if trace["type"] == "bar")
    assert sum(height or 0 for height in bars["y"]) == 3


def test_the_most_expensive_model_comes_first() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [a_row(at, 1, "b"), a_row(at, 1, "a"), a_row(at, 3, "c"), a_row(at, 1, "b")]
    assert models_by_spend(rows) == ["c", "b", "a"]
