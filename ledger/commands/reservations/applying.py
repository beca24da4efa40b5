"""Letting one command happen in a moment whose locks are held."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.domain.budgets.budget import Bucket
from ledger.domain.reservations.commands import (
    Answer,
    Command,
    Conflict,
    Expire,
    Record,
    Release,
    Reserve,
    Settle,
    Unfilled,
    Unknown,
)
from ledger.domain.reservations.moment import Moment
from ledger.domain.reservations.reservation import HELD, Reservation


def apply(moment: Moment, command: Command, buckets: Sequence[Bucket]) -> Answer:
    """What is answered to a command; `buckets` are what a new reservation has to hold in."""
    if isinstance(command, Reserve):
        return _reserve(moment, command, buckets)
    if isinstance(command, Record):
        return _record(moment, command, buckets)
    reservation = moment.reservations.get(command.reservation_id)
    if reservation is None:
        return Unknown(command.reservation_id)
    if isinstance(command, Settle):
        moment.settle(reservation, command.spent)
    elif isinstance(command, Release):
        moment.release(reservation)
    elif isinstance(command, Expire):
        moment.expire(reservation)
    return reservation


def _reserve(moment: Moment, command: Reserve, buckets: Sequence[Bucket]) -> Answer:
    before = moment.reservations.get(command.reservation_id)
    if before is not None:
        return _again(command, before)
    unfilled = moment.unfilled(buckets)
    if unfilled is not None:
        return Unfilled(unfilled)
    wanted = Reservation(
        reservation_id=command.reservation_id,
        tenant=command.call.tenant,
        created_at=moment.now,
        expires_at=moment.now + command.ttl,
        amount=command.amount.known(),
        dimensions=command.dimensions,
        holds={},
    )
    return moment.reserve(wanted, command.amount, buckets) or wanted


def _again(command: Reserve, before: Reservation) -> Answer:
    """The same request once more gets the same answer: its sender never heard the first one."""
    if before.tenant != command.call.tenant or before.amount != command.amount.known():
        return Conflict(before, "this name stands for another reservation")
    if before.state != HELD:
        return Conflict(before, f"the reservation of this name is {before.state} already")
    return before


def _record(moment: Moment, command: Record, buckets: Sequence[Bucket]) -> Answer:
    before = moment.reservations.get(command.reservation_id)
    if before is not None:
        return before
    admitted = Reservation(
        reservation_id=command.reservation_id,
        tenant=command.call.tenant,
        created_at=command.admitted_at,
        expires_at=command.expires_at,
        amount=command.amount,
        dimensions=command.dimensions,
        holds=dict.fromkeys(buckets, command.amount),
        is_unverified=True,
    )
    moment.record(admitted)
    return admitted
