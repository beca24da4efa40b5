"""Budgets: what may be spent, by whom, over which period, and what happens at the limit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from ledger.domain.budgets.scope import ScopeKey, starred

PeriodKind = Literal["hour", "day", "week", "month", "quarter", "rolling"]
Action = Literal["notify", "throttle", "block"]
Fail = Literal["open", "closed"]
Unpriceable = Literal["admit", "deny"]

ROLLING: PeriodKind = "rolling"

OPERATOR = "*"
"""Tenant of budgets whose scope names no single tenant."""

DEFAULT_THRESHOLDS = (Decimal("0.5"), Decimal("0.8"), Decimal(1))


class EarlierAmount(msgspec.Struct, frozen=True):
    """What a budget allowed a period before its amount was changed."""

    until: datetime
    amount: int


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """One budget; with "*" in its scope, one for each value met there.

    Its amount is in 1e-12 USD or in tokens; exactly one of the two is set.
    """

    budget_id: UUID
    tenant: str
    """The tenant its scope names, or OPERATOR."""
    name: str
    scope: dict[str, str]
    """Value by dimension; "*" for one budget per value."""
    amount_pico_usd: int | None = None
    amount_tokens: int | None = None
    period: PeriodKind
    window_seconds: int | None = None
    time_zone: str
    action: Action
    thresholds: tuple[Decimal, ...] = DEFAULT_THRESHOLDS
    fail: Fail = "open"
    unpriceable: Unpriceable = "admit"
    rollover_cap_pico_usd: int | None = None
    """How much of what a period left unused the next one gets; None: periods stand alone."""
    created_at: datetime
    created_by: str
    filled_at: datetime | None = None
    """None while the calls from before its creation are being added."""
    complete_from: datetime | None = None
    """From where on its sums hold all calls already."""
    ended_at: datetime | None = None
    channels: tuple[UUID, ...] = ()
    """Where its notices go; with none to its tenant's channels, or else to the operator's."""
    earlier_amounts: tuple[EarlierAmount, ...] = ()
    """By time, the oldest first."""

    @property
    def amount(self) -> int:
        """What one period allows, in the budget's unit."""
        amount = self.amount_tokens if self.amount_pico_usd is None else self.amount_pico_usd
        assert amount is not None
        return amount

    @property
    def is_in_tokens(self) -> bool:
        """Whether it limits tokens, not money."""
        return self.amount_pico_usd is None

    @property
    def starred(self) -> tuple[str, ...]:
        """The dimensions of which each value has a budget of its own, in the order of a key."""
        return starred(self.scope)

    def amount_until(self, end: datetime) -> int:
        """What it allowed a period that ended then: the amount that was set last before the end."""
        for earlier in self.earlier_amounts:
            if end <= earlier.until:
                return earlier.amount
        return self.amount

    def knows_from(self, start: datetime) -> bool:
        """Whether its sums hold all calls that started since then."""
        if self.filled_at is not None:
            return True
        return self.complete_from is not None and self.complete_from <= start

    def unit_of(self, pico_usd: int, tokens: int) -> int:
        """Whichever of the two it counts."""
        return tokens if self.is_in_tokens else pico_usd


class Bucket(msgspec.Struct, frozen=True, order=True):
    """One account of a budget: the budget itself, or that of one value of its "*" dimensions."""

    budget_id: UUID
    scope_key: ScopeKey
