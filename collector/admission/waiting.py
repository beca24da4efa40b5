"""Waiting for the desk, and what is answered when Postgres is away."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future
from datetime import UTC, datetime

from collector.admission.desk import Desk
from collector.admission.keeper import Keeper
from collector.admission.unverified import Unverified
from ledger.commands.reservations.group import holding_buckets
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.reservations.commands import (
    Answer,
    Command,
    Record,
    Release,
    Reserve,
    Settle,
    Unknown,
)

_PATIENCE_SECONDS = 0.8
"""Whoever fails closed is answered within a second."""
_LONGEST_WAIT_SECONDS = 10.0
"""For a Postgres that is there, and has much to do."""


class Admission:
    """Reservations for the event loop of one process."""

    def __init__(self, desk: Desk, unverified: Unverified) -> None:
        self._desk = desk
        self._unverified = unverified
        self._keeper = Keeper(unverified)

    async def reserve(self, command: Reserve) -> Answer | Record:
        """Hold what is asked for; a record is what was admitted without the ledger.

        Raises LedgerUnavailable where that must not be.
        """
        try:
            return await self._decided(command)
        except LedgerUnavailable as error:
            closed = self._closed(command)
            if closed is not None:
                if not command.may_exist:
                    self._desk.abandon(command.reservation_id)
                raise LedgerUnavailable(f"{closed}: {error}") from error
        return await self._admit(command)

    async def decide(self, command: Settle | Release) -> Answer:
        """Settle or release. Raises LedgerUnavailable; then it is to be asked again."""
        answer = await self._decided(command)
        if isinstance(answer, Unknown) and self._unverified.has_any():
            raise LedgerUnavailable(
                "reservations that were admitted while Postgres was away are being recorded"
            )
        return answer

    async def _decided(self, command: Command) -> Answer:
        """The desk's answer, waited for as long as that makes sense."""
        if self._desk.fault is not None:
            raise self._desk.fault
        began = since = time.monotonic()
        future: Future[Answer] = self._desk.ask(command)
        waiting = asyncio.wrap_future(future)
        while True:
            done, _ = await asyncio.wait((waiting,), timeout=_PATIENCE_SECONDS)
            if done:
                return waiting.result()
            if not self._may_wait(command, began, since):
                waiting.cancel()
                raise LedgerUnavailable("Postgres did not decide in time")
            since = time.monotonic()

    def _may_wait(self, command: Command, began: float, since: float) -> bool:
        """Whether Postgres is there and only busy, and nobody asked for an answer at once."""
        is_there = self._desk.has_decided_since(since)
        is_patient = not isinstance(command, Reserve) or self._closed(command) is None
        return is_there and is_patient and time.monotonic() - began < _LONGEST_WAIT_SECONDS

    def _closed(self, command: Reserve) -> str | None:
        """Why a reservation must not be admitted without the ledger; None where it may."""
        known = self._desk.known
        if known is None:
            return "which budgets there are is not known"
        for bucket in holding_buckets(known, known.buckets_of(command.call)):
            budget = known.by_id[bucket.budget_id]
            if budget.fail == "closed":
                return f"budget {budget.name!r} fails closed"
        return None

    async def _admit(self, command: Reserve) -> Record:
        now = datetime.now(UTC)
        record = Record(
            reservation_id=command.reservation_id,
            call=command.call,
            amount=command.amount.known(),
            admitted_at=now,
            expires_at=now + command.ttl,
            dimensions=command.dimensions,
        )
        await asyncio.wrap_future(self._keeper.keep(record))
        return record
