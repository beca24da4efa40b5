from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.figures.lines import error_share, latency
from dashboards.ranges import interval_starts, today
from tests.unit.dashboards.rows import a_spend_row

BERLIN = ZoneInfo("Europe/Berlin")
STARTS = interval_starts(today(datetime(2026, 10, 25, 3, 30, tzinfo=UTC), BERLIN))
"""22:00 to 03:00 UTC; in Berlin the hour from two to three happens twice."""


def at(hour: int) -> datetime:
    return datetime(2026, 10, 25, hour, tzinfo=UTC).astimezone(BERLIN)


def test_each_of_two_hours_of_the_same_name_has_its_own_error_share() -> None:
    rows = [a_spend_row(start=at(0), calls=10, errors=1), a_spend_row(start=at(1), calls=10)]
    assert error_share(rows, STARTS)["data"][0]["y"] == [None, None, 0.1, 0.0, None, None]


def test_each_of_two_hours_of_the_same_name_has_its_own_latency() -> None:
    rows = [
        a_spend_row(start=at(hour), seconds={"p50_seconds": hour + 0.5, "p95_seconds": 3.0})
        for hour in (0, 1)
    ]
    median = next(line for line in latency(rows, STARTS)["data"] if line["name"] == "p50")
    assert median["y"] == [None, None, 0.5, 1.5, None, None]


def test_an_hour_without_calls_is_a_gap_and_not_zero() -> None:
    rows = [a_spend_row(start=at(2), calls=0), a_spend_row(start=at(3), calls=4, errors=4)]
    assert error_share(rows, STARTS)["data"][0]["y"] == [None, None, None, None, None, 1.0]
