"""From what a receiver decoded to durable calls: validate, price, book."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime

import msgspec

from collector.pipeline.accepted import Accepted
from collector.pipeline.validation import validated
from collector.pipeline.writer import Writer
from collector.receivers.received import Received
from exporters.postgres.batches import Batch, Booked, Mark
from exporters.postgres.booking import Booker
from exporters.postgres.pricer import Pricer
from ledger.domain.calls import Call, PricedCall, Refusal
from ledger.domain.errors import InvalidRecord
from ledger.settings import Settings
from ledger.storage.database import Database

_MOST_EVIDENCE_A_REQUEST = 100


class Outcome(msgspec.Struct, frozen=True):
    """What became of a request's records."""

    booked: int
    duplicate: int
    ignored: int
    refusals: list[Refusal]


class Intake:
    """The way in of one process, shared by its receivers."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._pricer = Pricer(database)
        booker = Booker(database, price=self._pricer.price, default_time_zone=settings.time_zone)
        self._writer = Writer(booker, max_waiting_calls=settings.max_waiting_calls)

    def take(self, received: Received, mark: Mark | None = None) -> Outcome:
        """Book the good calls of a request and keep the evidence of the others.

        Returns once all of it is durable. Raises LedgerUnavailable or Overloaded; then nothing was
        kept and the whole request may be sent again.
        """
        accepted = accept(received, datetime.now(UTC))
        booked = self.hand_in(accepted, mark).result()
        return Outcome(booked.booked, booked.duplicate, received.ignored, received.refusals)

    def hand_in(self, accepted: Accepted, mark: Mark | None = None) -> Future[Booked]:
        """Price what was accepted and hand it to the writer; done once it is durable.

        Raises, and the future ends with, LedgerUnavailable or Overloaded.
        """
        costs = self._pricer.price_all(accepted.calls)
        return self._writer.hand_in(
            Batch(
                receiver=accepted.receiver,
                calls=[
                    PricedCall(call, cost) for call, cost in zip(accepted.calls, costs, strict=True)
                ],
                refusals=accepted.refusals,
                rejected=accepted.rejected,
                ignored=accepted.ignored,
                mark=mark,
            )
        )

    def refuse_body(self, receiver: str, reason: str) -> Future[Booked]:
        """Count a body that could not be read as one refused record and keep the reason."""
        refusal = Refusal(0, "body", reason)
        return self.hand_in(Accepted(receiver=receiver, calls=[], refusals=[refusal], rejected=1))


def accept(received: Received, now: datetime) -> Accepted:
    """Sort out what must not be booked; its refusals join those of the receiver, in order."""
    calls = []
    for position, call in zip(received.positions, received.calls, strict=True):
        try:
            calls.append(validated(call, now))
        except InvalidRecord as invalid:
            received.refusals.append(_refusal(position, call, invalid))
    received.refusals.sort(key=lambda refusal: refusal.index)
    return Accepted(
        receiver=received.receiver,
        calls=calls,
        refusals=received.refusals[:_MOST_EVIDENCE_A_REQUEST],
        rejected=len(received.refusals),
        ignored=received.ignored,
    )


def _refusal(position: int, call: Call, invalid: InvalidRecord) -> Refusal:
    evidence = {
        "id": call.id[:256],
        "tenant": call.tenant[:256],
        "started_at": call.started_at.isoformat(),
        "provider": call.provider[:256],
        "model": call.model[:256],
    }
    return Refusal(
        position, invalid.path, invalid.reason, call.tenant, msgspec.json.encode(evidence).decode()
    )
