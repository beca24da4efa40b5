"""From validated calls to durable ones: price, book, or spool while Postgres is away."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

import msgspec

from collector.pipeline.accepted import Accepted
from collector.pipeline.outcome import Outcome
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


class Intake:
    """The way in of one process, shared by its receivers."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._pricer = Pricer(database)
        booker = Booker(database, price=self._pricer.price, default_time_zone=settings.time_zone)
        self._writer = Writer(booker, max_waiting_calls=settings.max_waiting_calls)

    def take(
        self, accepted: Accepted, mark: Mark | None = None, *, refusals: Sequence[Refusal] = ()
    ) -> Future[Outcome]:
        """Make a request's records durable; `refusals` are told in the outcome.

        Raises, and the future ends with, LedgerUnavailable or Overloaded; then nothing was kept and
        the whole request may be sent again.
        """
        outcome: Future[Outcome] = Future()
        booked = self._hand_in(accepted, mark)
        booked.add_done_callback(lambda done: _settle(done, accepted, refusals, outcome))
        return outcome

    def refuse_body(self, receiver: str, reason: str) -> Future[Outcome]:
        """Count a body that could not be read as one refused record and keep the reason."""
        refusal = Refusal(0, "body", reason)
        return self.take(Accepted(receiver=receiver, calls=[], refusals=[refusal], rejected=1))

    def _hand_in(self, accepted: Accepted, mark: Mark | None) -> Future[Booked]:
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


def _settle(
    done: Future[Booked], accepted: Accepted, refusals: Sequence[Refusal], outcome: Future[Outcome]
) -> None:
    error = done.exception()
    if error is not None:
        outcome.set_exception(error)
        return
    result = done.result()
    outcome.set_result(
        Outcome(
            booked=result.booked,
            duplicate=result.duplicate,
            ignored=accepted.ignored,
            refusals=list(refusals),
        )
    )


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
