"""What can be asked about reservations, and what is answered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain.calls import Call
from ledger.domain.reservations.refusals import Refusal
from ledger.domain.reservations.reservation import Amount, Quantity, Reservation


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an amount for a call that is about to be made."""

    reservation_id: UUID
    call: Call
    """What is known of it; decides which budgets it counts under."""
    amount: Amount
    ttl: timedelta
    dimensions: dict[str, Any]
    may_exist: bool = False
    """Whether it may have been asked before: its sender named it."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Take down a reservation that was admitted while Postgres was away."""

    reservation_id: UUID
    call: Call
    amount: Quantity
    admitted_at: datetime
    expires_at: datetime
    dimensions: dict[str, Any]


class Settle(msgspec.Struct, frozen=True):
    """Say what the call of a reservation cost."""

    reservation_id: UUID
    spent: Amount


class Release(msgspec.Struct, frozen=True):
    """Give a reservation back: its call was not made, or cost nothing."""

    reservation_id: UUID


class Expire(msgspec.Struct, frozen=True):
    """Give a reservation back whose time is up."""

    reservation_id: UUID


Command = Reserve | Record | Settle | Release | Expire


class Conflict(msgspec.Struct, frozen=True):
    """A name that stands for another reservation, or for one that has ended."""

    reservation: Reservation
    reason: str


class Unknown(msgspec.Struct, frozen=True):
    """There is no such reservation, or not any more."""

    reservation_id: UUID


class Unfilled(msgspec.Struct, frozen=True):
    """A budget that fails closed does not know yet what was spent in its period."""

    name: str


Answer = Reservation | Refusal | Conflict | Unknown | Unfilled
