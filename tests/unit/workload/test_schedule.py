from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.workload.cast import CALLS_A_DAY, CUSTOMERS, MODELS
from collector.workload.schedule import ScheduledCall, calls_of_hour, hours_between
from tests.decoders.calls_json import decode_ndjson

HOUR = datetime(2026, 11, 2, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def week() -> list[ScheduledCall]:
    monday = datetime(2026, 11, 2, tzinfo=UTC)
    return [
        call
        for hour in hours_between(monday, monday + timedelta(days=7))
        for call in calls_of_hour(hour)
    ]


def test_an_hour_is_the_same_whenever_it_is_asked_for() -> None:
    first = calls_of_hour(HOUR)
    calls_of_hour(HOUR + timedelta(hours=1))
    assert calls_of_hour(HOUR) == first
    assert len(first) > 100


def test_calls_start_in_their_hour_and_come_in_the_order_of_their_end() -> None:
    calls = calls_of_hour(HOUR)
    starts = [call.record["started_at"] for call in calls]
    assert all(HOUR <= start < HOUR + timedelta(hours=1) for start in starts)
    ends = [call.ended_at for call in calls]
    assert ends == sorted(ends)


def test_a_call_ends_its_duration_after_it_started() -> None:
    for call in calls_of_hour(HOUR):
        lasted = (call.ended_at - call.record["started_at"]).total_seconds()
        assert lasted == pytest.approx(call.record["duration_seconds"], abs=1e-5)


def test_no_two_calls_have_the_same_name(week: list[ScheduledCall]) -> None:
    assert len({call.record["id"] for call in week}) == len(week)


def test_a_week_has_about_ten_thousand_calls_a_day(week: list[ScheduledCall]) -> None:
    assert len(week) / 7 == pytest.approx(CALLS_A_DAY, rel=0.1)


def test_a_week_shows_the_whole_cast(week: list[ScheduledCall]) -> None:
    assert {call.record["tenant"] for call in week} == {customer.name for customer in CUSTOMERS}
    assert {call.record["model"] for call in week} == MODELS.keys()
    assert len({call.record["provider"] for call in week}) == 4
    assert len({call.record["feature"] for call in week}) == 8
    assert {call.record.get("error_type") for call in week} >= {None, "429"}


def test_offices_are_quieter_at_the_weekend(week: list[ScheduledCall]) -> None:
    days = [0] * 7
    for call in week:
        days[call.record["started_at"].weekday()] += 1
    assert max(days[5:]) < min(days[:5])


def test_the_collector_accepts_every_call_of_an_hour() -> None:
    calls = calls_of_hour(HOUR)
    received = decode_ndjson(b"\n".join(msgspec.json.encode(call.record) for call in calls))
    assert received.refusals == []
    assert [call.id for call in received.calls] == [call.record["id"] for call in calls]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (HOUR, HOUR, 0),
        (HOUR, HOUR + timedelta(seconds=1), 1),
        (HOUR + timedelta(minutes=59), HOUR + timedelta(minutes=61), 2),
        (HOUR, HOUR + timedelta(days=1), 24),
    ],
)
def test_hours_between_are_those_that_touch_the_stretch(
    start: datetime, end: datetime, hours: int
) -> None:
    assert len(list(hours_between(start, end))) == hours


def test_hours_between_are_counted_in_absolute_time() -> None:
    midnight = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    hours = list(hours_between(midnight, datetime(2026, 10, 26, tzinfo=midnight.tzinfo)))
    assert len(hours) == 25
    assert hours[0] == datetime(2026, 10, 24, 22, tzinfo=UTC)
