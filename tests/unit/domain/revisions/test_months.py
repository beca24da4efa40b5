"""Months of tenants in their zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.domain.revisions.months import (
    booking_month,
    following,
    is_over,
    may_be_closed_before,
    month_bounds,
    month_of,
    month_text,
    read_month,
)
from ledger.domain.zones import rollup_grid_seconds

_ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham", "Pacific/Kiritimati",
    "Etc/GMT+12", "America/Nuuk", "America/Asuncion", "Africa/Cairo", "Asia/Beirut",
)  # fmt: skip
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = [date(year, month, 1) for year in range(2015, 2031) for month in range(1, 13)]


@pytest.mark.parametrize("zone_name", _ZONES)
def test_months_follow_each_other_without_a_gap(zone_name: str) -> None:
    for month in _MONTHS:
        start, end = month_bounds(month, zone_name)
        assert month_bounds(following(month), zone_name)[0] == end
        assert month_of(start, zone_name) == month_of(end - _MICROSECOND, zone_name) == month
        assert month_of(start - _MICROSECOND, zone_name) < month < month_of(end, zone_name)


@pytest.mark.parametrize("zone_name", _ZONES)
def test_a_month_begins_and_ends_with_an_interval_of_the_rollups(zone_name: str) -> None:
    grid = rollup_grid_seconds(zone_name)
    for month in _MONTHS:
        assert all(moment.timestamp() % grid == 0 for moment in month_bounds(month, zone_name))


def test_a_month_is_over_at_midnight_of_the_tenant() -> None:
    end = datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert not is_over(date(2026, 10, 1), "Europe/Berlin", end - _MICROSECOND)
    assert is_over(date(2026, 10, 1), "Europe/Berlin", end)
    assert not is_over(date(2026, 10, 1), "UTC", end)


@pytest.mark.parametrize("zone_name", _ZONES)
def test_no_month_that_is_over_reaches_the_bound(zone_name: str) -> None:
    now = datetime(2026, 9, 29, tzinfo=UTC)
    while now < datetime(2026, 11, 3, tzinfo=UTC):
        month = month_of(now, zone_name)
        assert month_bounds(month, zone_name)[0] <= may_be_closed_before(now)
        now += timedelta(minutes=15)


def test_the_bound_leaves_out_what_comes_in_on_most_days() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert may_be_closed_before(now) == datetime(2026, 11, 1, 14, tzinfo=UTC)


def test_what_is_booked_stands_in_this_month_or_in_the_first_that_is_open() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert booking_month(now, "UTC", {date(2026, 10, 1)}) == november
    assert booking_month(now, "UTC", {november, december}) == date(2027, 1, 1)


def test_months_are_read_and_written_as_people_do() -> None:
    assert read_month("2026-10") == date(2026, 10, 1)
    assert month_text(date(2026, 10, 1)) == "2026-10"
    for text in (
        "2026-13",
        "2026-00",
        "2026-1",
        "26-10",
        "2026-10-01",
        "1999-10",
        "",
        "\uff12026-10",
    ):
        with pytest.raises(ValueError, match="is no month"):
            read_month(text)
