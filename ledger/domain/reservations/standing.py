"""How an account of a budget stands at a moment, and whether an amount fits into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.limits import allowed_so_far, pace_admits_at
from ledger.domain.budgets.periods import Period
from ledger.domain.reservations.refusals import TOO_FAST, UNPRICEABLE, USED_UP, Reason, Refusal
from ledger.domain.reservations.reservation import Amount, Quantity


@dataclass
class Standing:
    """What an account allows in the period at hand, what is spent and what is held of it.

    Figures are in the budget's unit, pico-dollars or tokens.
    """

    budget: Budget
    bucket: Bucket
    period: Period
    limit: int
    spent: int
    """Settled reservations whose calls have not come included."""
    held: int
    next_expiry: datetime | None = None
    """When the first of the holds expires, where somebody looked."""

    @property
    def is_filled(self) -> bool:
        """Whether all that was spent in the period is known."""
        return self.budget.knows_from(self.period.start)

    def hold(self, change: Quantity) -> None:
        """Let more, or less, be held."""
        self.held += self.budget.unit_of(*change)

    def spend(self, settled: Quantity) -> None:
        """Let more be spent."""
        self.spent += self.budget.unit_of(*settled)

    def refusal(self, amount: Amount, now: datetime) -> Refusal | None:
        """Why the amount does not fit; None if it does.

        Where the amount is not known, and the budget admits that, it fits while anything is left.
        """
        wanted = amount.tokens if self.budget.is_in_tokens else amount.pico_usd
        if wanted is None:
            if self.budget.unpriceable == "deny":
                return self._refusal(UNPRICEABLE, None)
            wanted = 1
        total = self.spent + self.held + wanted
        if total > self.limit:
            return self._refusal(USED_UP, self._room_at(wanted))
        if self.budget.action == "throttle" and total > self._allowed(now):
            return self._refusal(TOO_FAST, self._sooner(self._pace_at(total), wanted, now))
        return None

    def is_tight(self, wanted: int, now: datetime) -> bool:
        """Whether so much may not fit, so that it matters which holds have expired."""
        allowed = self._allowed(now) if self.budget.action == "throttle" else self.limit
        return self.held > 0 and self.spent + self.held + wanted > allowed

    def _allowed(self, now: datetime) -> int:
        return allowed_so_far(self.period, self.limit, now)

    def _room_at(self, wanted: int) -> datetime | None:
        """When there may be room: the window moves on, or, if that is sooner, a hold expires."""
        if wanted > self.budget.amount + (self.budget.rollover_cap_pico_usd or 0):
            return None
        if self.next_expiry is not None and self.spent + wanted <= self.limit:
            return min(self.next_expiry, self.period.end)
        return self.period.end

    def _pace_at(self, total: int) -> datetime:
        return pace_admits_at(self.period, self.limit, total) or self.period.end

    def _sooner(self, paced: datetime, wanted: int, now: datetime) -> datetime:
        """The moment of the pace, or of the first hold that expires if that can make room."""
        if self.next_expiry is not None and self.spent + wanted <= self._allowed(now):
            return min(paced, self.next_expiry)
        return paced

    def _refusal(self, reason: Reason, retry_at: datetime | None) -> Refusal:
        return Refusal(
            budget_id=self.budget.budget_id,
            name=self.budget.name,
            reason=reason,
            is_in_tokens=self.budget.is_in_tokens,
            remaining=max(0, self.limit - self.spent - self.held),
            retry_at=retry_at,
        )
