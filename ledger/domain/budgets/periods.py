"""When a budget's periods begin and end, by the clocks of its time zone.

All bounds stand on UTC quarter-hours: no zone is off them since 2015, and none changes its clocks
between them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger.domain.budgets.budget import Budget, PeriodKind
from ledger.domain.zones import QUARTER_HOUR_SECONDS, zone

QUARTER_HOUR = timedelta(seconds=QUARTER_HOUR_SECONDS)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_MONTHS_A_QUARTER = 3
_MONTHS_A_YEAR = 12


class Period(NamedTuple):
    """From its start to before its end, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it takes; a day on which clocks change has 23 or 25 hours."""
        return self.end - self.start


def quarter_hour(at: datetime) -> datetime:
    """Start of the UTC quarter-hour that a moment is in."""
    moment = at.astimezone(UTC)
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def period_of(budget: Budget, at: datetime) -> Period:
    """The period of a budget that a moment is in; a rolling one ends with its quarter-hour."""
    if budget.window_seconds is not None:
        end = quarter_hour(at) + QUARTER_HOUR
        return Period(end - timedelta(seconds=budget.window_seconds), end)
    return calendar_period(budget.period, budget.time_zone, at)


def calendar_period(kind: PeriodKind, time_zone: str, at: datetime) -> Period:
    """The hour, day, week, month or quarter of a zone that a moment is in."""
    tz = zone(time_zone)
    if kind == "hour":
        return _hour(tz, at)
    first, following = _DAYS[kind](at.astimezone(tz).date())
    return Period(_midnight(tz, first), _midnight(tz, following))


def previous_period(budget: Budget, period: Period) -> Period:
    """The period before; of a rolling one the window before it."""
    if budget.window_seconds is not None:
        return Period(period.start - period.length, period.start)
    return period_of(budget, period.start - _INSTANT)


def _hour(tz: ZoneInfo, at: datetime) -> Period:
    """Between two moments at which clocks there show a full hour."""
    start = quarter_hour(at)
    while start.astimezone(tz).minute:
        start -= QUARTER_HOUR
    end = quarter_hour(at) + QUARTER_HOUR
    while end.astimezone(tz).minute:
        end += QUARTER_HOUR
    return Period(start, end)


def _midnight(tz: ZoneInfo, day: date) -> datetime:
    """When a day begins; where clocks leap over midnight, it is the moment of the leap."""
    return datetime.combine(day, time(), tz).astimezone(UTC)


def _one_day(day: date) -> tuple[date, date]:
    return day, day + _DAY


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _month(day: date) -> tuple[date, date]:
    return _months(day.year, day.month, 1)


def _quarter(day: date) -> tuple[date, date]:
    first = day.month - (day.month - 1) % _MONTHS_A_QUARTER
    return _months(day.year, first, _MONTHS_A_QUARTER)


def _months(year: int, month: int, number: int) -> tuple[date, date]:
    years, place = divmod(month - 1 + number, _MONTHS_A_YEAR)
    return date(year, month, 1), date(year + years, place + 1, 1)


_DAYS: dict[PeriodKind, Callable[[date], tuple[date, date]]] = {
    "day": _one_day,
    "week": _week,
    "month": _month,
    "quarter": _quarter,
}
"""The first day of the period that a day is in, and the first after it."""
