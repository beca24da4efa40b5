from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from dashboards.ranges import LABELS, interval_starts, resolve, this_month, today

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def in_utc(moments: list[datetime]) -> list[datetime]:
    return [moment.astimezone(UTC) for moment in moments]


@pytest.mark.parametrize("key", [None, "", "30d", "forever"])
def test_an_unknown_range_means_thirty_days(key: str | None) -> None:
    assert resolve(key, NOW, BERLIN).key == "30d"


@pytest.mark.parametrize("key", LABELS)
def test_a_range_ends_now_and_knows_its_label(key: str) -> None:
    chosen = resolve(key, NOW, BERLIN)
    assert (chosen.label, chosen.now) == (LABELS[key], NOW)


def test_thirty_days_are_today_and_the_29_days_before_in_the_zone() -> None:
    chosen = resolve("30d", NOW, BERLIN)
    assert chosen.start == datetime(2026, 10, 4, tzinfo=BERLIN)
    assert chosen.interval == "day"
    starts = interval_starts(chosen)
    assert len(starts) == 30
    assert {start.hour for start in starts} == {0}


def test_seven_days_are_shown_by_the_hour() -> None:
    chosen = resolve("7d", NOW, ZoneInfo("UTC"))
    assert (chosen.start, chosen.interval) == (utc(2026, 10, 27), "hour")
    assert len(interval_starts(chosen)) == 6 * 24 + 10


def test_twenty_four_hours_are_the_running_hour_and_the_23_before() -> None:
    chosen = resolve("24h", NOW, BERLIN)
    assert chosen.start == utc(2026, 11, 1, 10)
    assert len(interval_starts(chosen)) == 24


def test_hours_of_a_zone_with_a_fractional_offset_start_on_its_own_clock() -> None:
    starts = interval_starts(resolve("24h", NOW, KOLKATA))
    assert len(starts) == 24
    assert {start.astimezone(KOLKATA).minute for start in starts} == {0}


@pytest.mark.parametrize(
    "now",
    [utc(2026, 10, 25, 12, 30), utc(2026, 3, 29, 12, 30), utc(2026, 3, 29, 23, 30)],
    ids=["an hour more", "an hour less", "from an hour that is skipped"],
)
def test_twenty_four_hours_are_as_many_when_the_clock_jumps(now: datetime) -> None:
    starts = in_utc(interval_starts(resolve("24h", now, BERLIN)))
    assert len(starts) == 24
    assert starts[0] == now.replace(minute=0) - timedelta(hours=23)


@pytest.mark.parametrize(
    ("last_minute", "hours"),
    [
        (datetime(2026, 10, 25, 23, 59, tzinfo=BERLIN), 25),
        (datetime(2026, 3, 29, 23, 59, tzinfo=BERLIN), 23),
        (datetime(2026, 11, 2, 23, 59, tzinfo=BERLIN), 24),
    ],
)
def test_a_day_has_every_hour_once_when_the_clock_jumps(last_minute: datetime, hours: int) -> None:
    starts = in_utc(interval_starts(today(last_minute.astimezone(UTC), BERLIN)))
    assert len(starts) == hours
    assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(hours=1)}


def test_days_start_at_midnight_on_both_sides_of_a_clock_change() -> None:
    starts = interval_starts(resolve("30d", NOW, BERLIN))
    assert utc(2026, 10, 24, 22) in in_utc(starts)
    assert utc(2026, 10, 25, 23) in in_utc(starts)


def test_today_is_compared_with_yesterday_until_the_same_time() -> None:
    chosen = today(NOW, BERLIN)
    assert chosen.start == datetime(2026, 11, 2, tzinfo=BERLIN)
    assert chosen.previous_start == datetime(2026, 11, 1, tzinfo=BERLIN)
    assert chosen.previous_end == datetime(2026, 11, 1, 10, 30, tzinfo=BERLIN)


@pytest.mark.parametrize("key", LABELS)
def test_a_range_is_compared_with_a_stretch_that_does_not_overlap_it(key: str) -> None:
    chosen = resolve(key, NOW, BERLIN)
    assert chosen.previous_start < chosen.previous_end <= chosen.start


def test_a_month_is_compared_with_the_same_stretch_of_the_last() -> None:
    chosen = this_month(NOW, BERLIN)
    assert chosen.start == datetime(2026, 11, 1, tzinfo=BERLIN)
    assert chosen.previous_start == datetime(2026, 10, 1, tzinfo=BERLIN)
    assert chosen.previous_end == datetime(2026, 10, 2, 10, 30, tzinfo=BERLIN)


def test_a_longer_month_is_compared_with_the_whole_of_a_shorter_one() -> None:
    chosen = this_month(utc(2026, 3, 31, 12), BERLIN)
    assert chosen.previous_start == datetime(2026, 2, 1, tzinfo=BERLIN)
    assert chosen.previous_end == datetime(2026, 3, 1, tzinfo=BERLIN)


def test_the_month_is_the_zones_own() -> None:
    chosen = this_month(utc(2026, 10, 31, 23, 30), BERLIN)
    assert chosen.start == datetime(2026, 11, 1, tzinfo=BERLIN)
    assert interval_starts(chosen) == [chosen.start]
