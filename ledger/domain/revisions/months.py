"""Months of a tenant: where they begin, which of them may be closed, where adjustments stand.

A month is named by its first day. The months of a zone follow each other without a gap, also where
clocks change at midnight.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from ledger.domain.zones import zone

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_ZONES_ARE_WITHIN = timedelta(hours=14)


def read_month(text: str) -> date:
    """The month of a text such as 2026-10. Raises ValueError."""
    match = _MONTH.fullmatch(text)
    if match is None or not 2015 <= int(match[1]) <= 9000:
        raise ValueError(f"{text!r} is no month since 2015, such as 2026-10")
    return date(int(match[1]), int(match[2]), 1)


def month_text(month: date) -> str:
    """As people write it: 2026-10."""
    return f"{month:%Y-%m}"


def following(month: date) -> date:
    """The next month."""
    return (month + timedelta(days=31)).replace(day=1)


def month_bounds(month: date, zone_name: str) -> tuple[datetime, datetime]:
    """The first moment of a month in a zone, and that of the next one; in UTC."""
    return _first_moment(month, zone_name), _first_moment(following(month), zone_name)


def month_of(moment: datetime, zone_name: str) -> date:
    """The month that a moment (aware) lies in."""
    month = moment.astimezone(zone(zone_name)).date().replace(day=1)
    # Where clocks are put back over midnight, the first minutes were the new month's already.
    following_month = following(month)
    if moment >= _first_moment(following_month, zone_name):
        return following_month
    return month


def is_over(month: date, zone_name: str, now: datetime) -> bool:
    """Whether a month has ended; only then can it be closed."""
    return now >= month_bounds(month, zone_name)[1]


def booking_month(now: datetime, zone_name: str, closed: Collection[date]) -> date:
    """The month in whose statement something booked now stands: this one, or the first not closed.

    A month that is closed is over, so that it is another than this one only where a clock was set
    back; what was stated stays as it is even then.
    """
    month = month_of(now, zone_name)
    while month in closed:
        month = following(month)
    return month


def may_be_closed_before(now: datetime) -> datetime:
    """No month that is over in any zone holds this moment or a later one."""
    month = (now + _ZONES_ARE_WITHIN).astimezone(UTC).date().replace(day=1)
    return datetime(month.year, month.month, 1, tzinfo=UTC) + _ZONES_ARE_WITHIN


@lru_cache(maxsize=4096)
def _first_moment(month: date, zone_name: str) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=zone(zone_name)).astimezone(UTC)
