"""Which thresholds an account has newly reached: one notice for each, and period.

What is already known decides with what was used. A calendar period arms every threshold anew;
within it a threshold is armed again only when the budget's amount was changed and the new one is
not reached. A rolling window has no beginning: there a threshold is armed again once the use was
below it for a whole quarter-hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.limits import carried_periods
from ledger.domain.budgets.periods import (
    QUARTER_HOUR,
    Period,
    period_of,
    previous_period,
    quarter_hour,
)
from ledger.domain.budgets.scope import ScopeKey
from ledger.domain.notices.notice import Notice

_ROLLING_LOOKS_BACK = timedelta(hours=1)
"""A window that was full earlier and is not now is no news."""


class Look(NamedTuple):
    """What an account had used of what it may, in one period."""

    period: Period
    used: int
    limit: int

    def reaches(self, threshold: Decimal) -> bool:
        """Whether so large a share was used."""
        return self.used >= threshold * self.limit


class Found(NamedTuple):
    """What is to be noted of one account."""

    crossed: list[Notice]
    rearmed: list[Notice]
    """Known notices whose threshold can be crossed anew."""


def periods_to_look_at(budget: Budget, since: datetime, at: datetime) -> list[Period]:
    """The present period and those that ended since then, the oldest first.

    None that ended before the budget was created, and none of which calls are still being added.
    """
    since = max(since, budget.created_at)
    if budget.window_seconds is not None:
        periods = _windows(budget, max(since, at - _ROLLING_LOOKS_BACK), at)
    else:
        periods = [period_of(budget, at)]
        while periods[-1].start > since:
            periods.append(previous_period(budget, periods[-1]))
    return [period for period in reversed(periods) if _is_ready(budget, period)]


def find_crossings(
    budget: Budget,
    scope_key: ScopeKey,
    looks: Sequence[Look],
    known: Iterable[Notice],
    at: datetime,
) -> Found:
    """What is new of one account, given its looks by time and the notices there are of it."""
    found = Found([], [])
    notices = sorted(known, key=lambda one: one.armed_at)
    find = _in_calendar if budget.window_seconds is None else _in_windows
    for threshold in budget.thresholds:
        own = [one for one in notices if one.threshold == threshold]
        find(_Account(budget, scope_key, threshold, at), looks, own, found)
    return found


class _Account(NamedTuple):
    budget: Budget
    scope_key: ScopeKey
    threshold: Decimal
    at: datetime

    def notice(self, look: Look, armed_at: datetime) -> Notice:
        return Notice(
            budget_id=self.budget.budget_id,
            scope_key=self.scope_key,
            armed_at=armed_at,
            threshold=self.threshold,
            period_start=look.period.start,
            period_end=look.period.end,
            used=look.used,
            allowed=look.limit,
            crossed_at=self.at,
        )


def _in_calendar(
    account: _Account, looks: Sequence[Look], known: Sequence[Notice], found: Found
) -> None:
    for look in looks:
        reached = look.reaches(account.threshold)
        of_period = [one for one in known if one.period_start == look.period.start]
        last = of_period[-1] if of_period else None
        if last is None or last.rearmed_at is not None:
            if reached:
                armed_at = look.period.start if last is None else last.rearmed_at
                assert armed_at is not None
                found.crossed.append(account.notice(look, armed_at))
        elif not reached and _amount_changed_since(account.budget, last.crossed_at):
            found.rearmed.append(_rearmed(last, account.at))


def _in_windows(
    account: _Account, looks: Sequence[Look], known: Sequence[Notice], found: Found
) -> None:
    last = known[-1] if known else None
    for look in looks:
        end = look.period.end
        if last is not None and end <= (last.rearmed_at or last.period_end):
            continue
        reached = look.reaches(account.threshold)
        if last is None or last.rearmed_at is not None:
            if reached:
                last = account.notice(look, end - QUARTER_HOUR)
                found.crossed.append(last)
        elif not reached and end <= account.at:
            last = _rearmed(last, end)
            found.rearmed.append(last)


def _rearmed(notice: Notice, at: datetime) -> Notice:
    return msgspec.structs.replace(notice, rearmed_at=at)


def _amount_changed_since(budget: Budget, moment: datetime) -> bool:
    return any(earlier.until > moment for earlier in budget.earlier_amounts)


def _windows(budget: Budget, since: datetime, at: datetime) -> list[Period]:
    """The window of now and those of the quarter-hours that ended since then, the latest first."""
    windows = [period_of(budget, at)]
    end = quarter_hour(at)
    while end > since:
        windows.append(Period(end - windows[0].length, end))
        end -= QUARTER_HOUR
    return windows


def _is_ready(budget: Budget, period: Period) -> bool:
    """Whether all calls are counted that decide about it, with what is carried into it."""
    return budget.knows_from(next(iter(carried_periods(budget, period)), period).start)
