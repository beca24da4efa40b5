"""How a budget, or one of its values, stands in its present period."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.limits import forecast, used_ratio
from ledger.domain.budgets.periods import Period
from ledger.domain.budgets.scope import ScopeKey


class Spent(NamedTuple):
    """What was spent within some time; what is provisional will be replaced by calls' cost."""

    pico_usd: int = 0
    tokens: int = 0
    calls: int = 0
    unpriced_calls: int = 0
    provisional_pico_usd: int = 0
    provisional_tokens: int = 0


class Held(NamedTuple):
    """What reservations hold."""

    pico_usd: int = 0
    tokens: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a budget at a moment; figures are in the budget's unit."""

    budget: Budget
    scope_key: ScopeKey
    period: Period
    limit: int
    """What the period allows, with what was carried into it."""
    spent: int
    """Of booked calls."""
    provisional: int
    """Of settled reservations whose calls have not come yet."""
    held: int
    calls: int
    unpriced_calls: int
    at: datetime

    @property
    def used(self) -> int:
        """Spent, the provisional included."""
        return self.spent + self.provisional

    @property
    def remaining(self) -> int:
        """What can still be reserved; negative after an overspend."""
        return self.limit - self.used - self.held

    @property
    def used_ratio(self) -> Decimal:
        """Share of the limit that was used."""
        return used_ratio(self.used, self.limit)

    @property
    def forecast(self) -> int:
        """What will have been used at the period's end, if it goes on evenly.

        A rolling window is always at its end.
        """
        if self.budget.window_seconds is not None:
            return self.used
        return forecast(self.period, self.used, self.at)

    @property
    def is_ready(self) -> bool:
        """Whether all calls of the period are counted in it."""
        return self.budget.knows_from(self.period.start)


def standing(
    budget: Budget,
    scope_key: ScopeKey,
    *,
    period: Period,
    limit: int,
    spent: Spent,
    held: Held,
    at: datetime,
) -> Standing:
    """How an account stands, in its budget's own unit."""
    return Standing(
        budget=budget,
        scope_key=scope_key,
        period=period,
        limit=limit,
        spent=budget.unit_of(spent.pico_usd, spent.tokens),
        provisional=budget.unit_of(spent.provisional_pico_usd, spent.provisional_tokens),
        held=budget.unit_of(held.pico_usd, held.tokens),
        calls=spent.calls,
        unpriced_calls=spent.unpriced_calls,
        at=at,
    )
