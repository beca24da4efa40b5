"""What becomes of reservations, worked out under the locks of all budgets that they hold in.

Whoever holds the locks reads how things stand, lets commands happen here one after the other, and
writes down what changed. Nothing here waits or fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from ledger.domain.budgets.budget import Bucket
from ledger.domain.budgets.periods import quarter_hour
from ledger.domain.reservations.refusals import Refusal, binding
from ledger.domain.reservations.reservation import (
    BOOKED,
    EXPIRED,
    HELD,
    RELEASED,
    SETTLED,
    Amount,
    Quantity,
    Reservation,
)
from ledger.domain.reservations.standing import Standing

_NOTHING = Quantity()
_Key = TypeVar("_Key")

ProvisionalKey = tuple[Bucket, datetime]


class Moment:
    """Budgets and reservations under lock."""

    def __init__(
        self,
        now: datetime,
        standings: Mapping[Bucket, Standing],
        reservations: Iterable[Reservation] = (),
    ) -> None:
        """`standings` are needed where something is to be reserved only."""
        self.now = now
        self._standings = standings
        self.reservations = {one.reservation_id: one for one in reservations}
        self.new: dict[UUID, Reservation] = {}
        self.changed: dict[UUID, Reservation] = {}
        self.held: dict[Bucket, Quantity] = {}
        """What is held more, or less, than before."""
        self.provisional: dict[ProvisionalKey, Quantity] = {}
        """What was settled, by the quarter-hour in which it is counted."""

    def reserve(
        self, wanted: Reservation, amount: Amount, buckets: Iterable[Bucket]
    ) -> Refusal | None:
        """Hold the amount in all accounts or in none; says which budget refuses and why."""
        standings = [self._standings[bucket] for bucket in buckets]
        refusals = [one for one in (each.refusal(amount, self.now) for each in standings) if one]
        if refusals:
            return binding(refusals)
        wanted.holds = dict.fromkeys((each.bucket for each in standings), wanted.amount)
        self._hold(wanted)
        return None

    def unfilled(self, buckets: Iterable[Bucket]) -> str | None:
        """The budget, if any, that fails closed and does not know all of its period yet."""
        for bucket in buckets:
            budget = self._standings[bucket].budget
            if budget.fail == "closed" and not self._standings[bucket].is_filled:
                return budget.name
        return None

    def record(self, admitted: Reservation) -> None:
        """Take down what was admitted without asking; where its time is up it only says so."""
        if admitted.expires_at <= self.now:
            admitted.state = EXPIRED
            self._keep(admitted)
        else:
            self._hold(admitted)

    def settle(self, reservation: Reservation, spent: Amount) -> None:
        """Count what was spent in place of what was held, in full even if that was less.

        The first settlement stands. One that comes after the reservation was given back is counted
        too, since the money is gone. When the call is booked its own cost counts.
        """
        if reservation.state in (SETTLED, BOOKED):
            return
        was_held = reservation.state == HELD
        if was_held:
            self._give_back(reservation)
        tokens = reservation.amount.tokens if spent.tokens is None else spent.tokens
        settled = Quantity(spent.pico_usd or 0, tokens)
        reservation.state = SETTLED
        reservation.settled = settled
        reservation.settled_at = self.now
        reservation.is_over_hold = not was_held or settled.exceeds(reservation.amount)
        reservation.provisional_in = quarter_hour(self.now)
        for bucket in reservation.holds:
            self._spend(bucket, reservation.provisional_in, settled)
        self._note(reservation)

    def release(self, reservation: Reservation) -> None:
        """Give back what is held; one that ended already stays as it is."""
        if reservation.state == HELD:
            self._give_back(reservation)
            reservation.state = RELEASED
            self._note(reservation)

    def expire(self, reservation: Reservation) -> bool:
        """Give back what is held if its time is up; whether it was."""
        if reservation.state != HELD or reservation.expires_at > self.now:
            return False
        self._give_back(reservation)
        reservation.state = EXPIRED
        self._note(reservation)
        return True

    def _hold(self, reservation: Reservation) -> None:
        for bucket, quantity in reservation.holds.items():
            self._change_held(bucket, quantity)
        self._keep(reservation)

    def _give_back(self, reservation: Reservation) -> None:
        for bucket, quantity in reservation.holds.items():
            self._change_held(bucket, quantity.negative())

    def _change_held(self, bucket: Bucket, change: Quantity) -> None:
        _add(self.held, bucket, change)
        standing = self._standings.get(bucket)
        if standing is not None:
            standing.hold(change)

    def _spend(self, bucket: Bucket, starts_at: datetime, settled: Quantity) -> None:
        _add(self.provisional, (bucket, starts_at), settled)
        standing = self._standings.get(bucket)
        if standing is not None:
            standing.spend(settled)

    def _keep(self, reservation: Reservation) -> None:
        self.new[reservation.reservation_id] = reservation
        self.reservations[reservation.reservation_id] = reservation

    def _note(self, reservation: Reservation) -> None:
        if reservation.reservation_id not in self.new:
            self.changed[reservation.reservation_id] = reservation


def _add(sums: dict[_Key, Quantity], key: _Key, quantity: Quantity) -> None:
    sums[key] = sums.get(key, _NOTHING).plus(quantity)
