"""Periods of budgets by the clocks of eight zones, through both changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ledger.domain.budgets.budget import PeriodKind
from ledger.domain.budgets.periods import (
    QUARTER_HOUR,
    Period,
    calendar_period,
    period_of,
    previous_period,
    quarter_hour,
)
from ledger.domain.zones import zone
from tests.factories.budgets import a_budget

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",  # +5:30
    "Asia/Kathmandu",  # +5:45
    "Australia/Lord_Howe",  # +10:30, changes by half an hour
    "America/St_Johns",  # -3:30
    "Pacific/Chatham",  # +12:45
    "America/Santiago",  # leaps over midnight
)
KINDS: tuple[PeriodKind, ...] = ("hour", "day", "week", "month", "quarter")
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC))


def _periods(kind: PeriodKind, name: str, start: datetime, end: datetime) -> list[Period]:
    found = [calendar_period(kind, name, start)]
    while found[-1].end < end:
        found.append(calendar_period(kind, name, found[-1].end))
    return found


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("kind", KINDS)
def test_periods_follow_each_other_without_gap_or_overlap(kind: PeriodKind, name: str) -> None:
    periods = _periods(kind, name, *YEAR)
    assert all(one.end == following.start for one, following in pairwise(periods))
    assert all(one.start < one.end for one in periods)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_moment_of_a_period_finds_that_period(kind: PeriodKind, name: str) -> None:
    for one in _periods(kind, name, *YEAR)[:: 1 if kind != "hour" else 97]:
        for moment in (one.start, one.start + one.length / 2, one.end - timedelta(microseconds=1)):
            assert calendar_period(kind, name, moment) == one


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("kind", KINDS)
def test_all_bounds_stand_on_quarter_hours(kind: PeriodKind, name: str) -> None:
    assert all(one.start == quarter_hour(one.start) for one in _periods(kind, name, *YEAR))


@pytest.mark.parametrize("name", ZONES)
def test_a_day_holds_the_moments_whose_date_it_is(name: str) -> None:
    tz = zone(name)
    moment = YEAR[0]
    while moment < YEAR[1]:
        day = calendar_period("day", name, moment)
        assert moment.astimezone(tz).date() == day.start.astimezone(tz).date()
        assert (day.end - timedelta(microseconds=1)).astimezone(tz).date() == (
            moment.astimezone(tz).date()
        )
        moment += 37 * QUARTER_HOUR


def test_days_on_which_clocks_change_have_23_and_25_hours() -> None:
    spring = calendar_period("day", "Europe/Berlin", datetime(2026, 3, 29, 12, tzinfo=UTC))
    autumn = calendar_period("day", "Europe/Berlin", datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert (spring.length, autumn.length) == (timedelta(hours=23), timedelta(hours=25))


def test_an_hour_that_comes_twice_is_two_hours() -> None:
    tz = zone("Europe/Berlin")
    first, second = (
        calendar_period(
            "hour", "Europe/Berlin", datetime(2026, 10, 25, 2, 30, tzinfo=tz, fold=fold)
        )
        for fold in (0, 1)
    )
    assert first.end == second.start
    assert first.length == second.length == timedelta(hours=1)


def test_where_clocks_change_by_half_an_hour_the_hour_before_is_longer() -> None:
    leap = datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    period = calendar_period("hour", "Australia/Lord_Howe", leap)
    assert period.length == timedelta(minutes=90)


def test_a_month_turns_at_local_midnight() -> None:
    turn = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    before = calendar_period("month", "Asia/Kolkata", turn - timedelta(microseconds=1))
    after = calendar_period("month", "Asia/Kolkata", turn)
    assert before.end == after.start == turn
    assert after.end == datetime(2026, 11, 30, 18, 30, tzinfo=UTC)


def test_weeks_begin_on_monday_and_quarters_in_january() -> None:
    week = calendar_period("week", "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    quarter = calendar_period("quarter", "UTC", datetime(2026, 12, 31, tzinfo=UTC))
    assert week == (datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))
    assert quarter == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def test_rolling_windows_move_by_the_quarter_hour() -> None:
    budget = a_budget(period="rolling", window_seconds=3600)
    at = datetime(2026, 11, 2, 9, 44, 59, tzinfo=UTC)
    assert period_of(budget, at) == (
        datetime(2026, 11, 2, 8, 45, tzinfo=UTC),
        datetime(2026, 11, 2, 9, 45, tzinfo=UTC),
    )
    assert period_of(budget, at + timedelta(seconds=1)).end.minute == 0


def test_the_period_before_is_the_one_that_ended_when_this_began() -> None:
    budget = a_budget(time_zone="America/Santiago", period="day")
    period = period_of(budget, datetime(2026, 9, 6, 12, tzinfo=UTC))
    assert previous_period(budget, period).end == period.start
