"""From what a receiver decoded to durable calls: validate, price, book."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import msgspec

from collector.pipeline.validation import validated
from collector.pipeline.writer import Writer
from collector.receivers.received import Received
from exporters.postgres.batches import Batch, Booked, Mark
from exporters.postgres.booking import Booker
from ledger.domain.calls import Call, PricedCall, Refusal
from ledger.domain.errors import InvalidRecord
from ledger.pricing.book import PriceBook
from ledger.settings import Settings
from ledger.storage.database import Database
from ledger.storage.price_versions import record_price_versions

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
        self._database = database
        self._prices = PriceBook()
        self._recording = threading.Lock()
        booker = Booker(database, default_time_zone=settings.time_zone)
        self._writer = Writer(booker, max_waiting_calls=settings.max_waiting_calls)

    def take(self, received: Received, mark: Mark | None = None) -> Outcome:
        """Book the good calls of a request and keep the evidence of the others.

        Returns once all of it is durable. Raises LedgerUnavailable or Overloaded; then nothing was
        kept and the whole request may be sent again.
        """
        now = datetime.now(UTC)
        priced = []
        for position, call in zip(received.positions, received.calls, strict=True):
            try:
                call = validated(call, now)
            except InvalidRecord as invalid:
                received.refusals.append(_refusal(position, call, invalid))
            else:
                priced.append(PricedCall(call, self._prices.price(call)))
        self._record_prices()
        received.refusals.sort(key=lambda refusal: refusal.index)
        booked = self._writer.book(
            Batch(
                receiver=received.receiver,
                calls=priced,
                refusals=received.refusals[:_MOST_EVIDENCE_A_REQUEST],
                rejected=len(received.refusals),
                ignored=received.ignored,
                mark=mark,
            )
        )
        return Outcome(booked.booked, booked.duplicate, received.ignored, received.refusals)

    def refuse_body(self, receiver: str, reason: str) -> Booked:
        """Count a body that could not be read as one refused record and keep the reason."""
        refusal = Refusal(0, "body", reason)
        return self._writer.book(Batch(receiver=receiver, calls=[], refusals=[refusal], rejected=1))

    def _record_prices(self) -> None:
        """Record new price versions before any call that refers to them can be booked."""
        if not self._prices.unrecorded:
            return
        with self._recording:
            cards = self._prices.unrecorded
            record_price_versions(self._database, cards)
            self._prices.mark_recorded(cards)


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
