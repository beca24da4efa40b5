"""A reservation: an amount held in budgets before a call, until what the call cost is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.budgets.budget import Bucket

State = Literal["held", "settled", "released", "expired", "booked"]

HELD: State = "held"
SETTLED: State = "settled"
RELEASED: State = "released"
EXPIRED: State = "expired"
BOOKED: State = "booked"
"""The call that names the reservation is in the book; its cost counts there."""


class Amount(NamedTuple):
    """Money and tokens together; None is unknown."""

    pico_usd: int | None = None
    tokens: int | None = None

    def known(self) -> Quantity:
        """What is known of it; nothing is held for the rest."""
        return Quantity(self.pico_usd or 0, self.tokens or 0)


class Quantity(NamedTuple):
    """So many pico-dollars and so many tokens."""

    pico_usd: int = 0
    tokens: int = 0

    def plus(self, other: Quantity) -> Quantity:
        """Both together."""
        return Quantity(self.pico_usd + other.pico_usd, self.tokens + other.tokens)

    def exceeds(self, other: Quantity) -> bool:
        """Whether either is more."""
        return self.pico_usd > other.pico_usd or self.tokens > other.tokens

    def negative(self) -> Quantity:
        """What takes it back."""
        return Quantity(-self.pico_usd, -self.tokens)


class Reservation(msgspec.Struct, kw_only=True):
    """A reservation as it stands; changed only under the locks of the budgets it holds in."""

    reservation_id: UUID
    tenant: str
    created_at: datetime
    expires_at: datetime
    amount: Quantity
    dimensions: dict[str, Any]
    """What it was asked for, by which it matched its budgets."""
    holds: dict[Bucket, Quantity]
    """Stays as it was at first, whatever becomes of the reservation."""
    state: State = HELD
    settled: Quantity | None = None
    settled_at: datetime | None = None
    is_over_hold: bool = False
    """Settled for more than was held, or for anything after it had ended."""
    is_unverified: bool = False
    """Admitted while Postgres was away, and recorded later."""
    provisional_in: datetime | None = None
    """Quarter-hour in which the settled amount stands until the call comes."""
