"""What a period of a budget allows: its amount with what is carried over, thresholds and pace.

Figures are in the budget's unit, pico-dollars or tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import QUARTER_HOUR, Period, period_of, previous_period
from ledger.domain.money import round_half_even

MOST_CARRIED_PERIODS = 12
"""How far back what was left or overspent can still be felt."""

_MICROSECOND = timedelta(microseconds=1)


def carried_periods(budget: Budget, period: Period) -> list[Period]:
    """The periods before this one whose spend decides what is carried into it, the oldest first.

    None where nothing is carried. The period in which the budget was created is the first.
    """
    if budget.rollover_cap_pico_usd is None:
        return []
    first = period_of(budget, budget.created_at)
    earlier: list[Period] = []
    while period.start > first.start and len(earlier) < MOST_CARRIED_PERIODS:
        period = previous_period(budget, period)
        earlier.append(period)
    return earlier[::-1]


def limit_of(
    budget: Budget,
    period: Period,
    earlier: Sequence[Period] = (),
    spent: Sequence[int] = (),
) -> int:
    """What a period allows, given what was spent in each of its `carried_periods`.

    What a period leaves goes to the next one, up to the cap; what was spent beyond its limit is
    taken from the next, until it is made up.
    """
    carried = 0
    cap = budget.rollover_cap_pico_usd
    if cap is not None:
        for one, used in zip(earlier, spent, strict=True):
            carried = min(cap, budget.amount_until(one.end) + carried - used)
    return max(0, budget.amount_until(period.end) + carried)


def crossed(thresholds: Sequence[Decimal], spent: int, limit: int) -> list[Decimal]:
    """The thresholds, as shares of the limit, that what was spent has reached."""
    return [share for share in sorted(thresholds) if spent >= share * limit]


def used_ratio(spent: int, limit: int) -> Decimal:
    """Which share of the limit was spent, to six digits; 1 for anything out of nothing."""
    if not limit:
        return Decimal(1 if spent else 0)
    return Decimal(round_half_even(spent * 10**6, limit)).scaleb(-6)


def allowed_so_far(period: Period, limit: int, at: datetime) -> int:
    """What may have been spent by a moment if spend follows the period evenly."""
    elapsed = min(max(at - period.start, QUARTER_HOUR), period.length)
    return limit * (elapsed // _MICROSECOND) // (period.length // _MICROSECOND)


def pace_admits_at(period: Period, limit: int, wanted: int) -> datetime | None:
    """When the pace admits that so much has been spent in all; None when this period never does."""
    if wanted > limit:
        return None
    if not limit:
        return period.start
    needed = -(-wanted * (period.length // _MICROSECOND) // limit) * _MICROSECOND
    return period.start if needed <= QUARTER_HOUR else period.start + needed


def forecast(period: Period, spent: int, at: datetime) -> int:
    """What will have been spent at the period's end if it goes on as from its start until now."""
    elapsed = min(max(at - period.start, QUARTER_HOUR), period.length)
    return round_half_even(spent * (period.length // _MICROSECOND), elapsed // _MICROSECOND)
