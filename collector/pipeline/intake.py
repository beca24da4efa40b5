"""From validated calls to durable ones: price, book, or spool while Postgres is away."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial

import msgspec

from collector.health.board import Gauges
from collector.pipeline.outcome import Outcome
from collector.pipeline.spooling import LedgerWatch, SpoolWriter
from collector.pipeline.validation import validated
from collector.pipeline.writer import Writer
from collector.receivers.accepted import Accepted
from collector.receivers.received import Received, Refused
from exporters.postgres.batches import Batch, Booked, Mark
from exporters.postgres.booking import Booker
from exporters.postgres.pricer import Pricer
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.calls import Call, PricedCall, Refusal
from ledger.domain.errors import InvalidRecord, LedgerUnavailable
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database

_INGEST = Principal("ingest", EVERY_TENANT)


class Intake:
    """The way in of one process, shared by its receivers."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        spool: SpoolWriter | None = None,
        gauges: Gauges | None = None,
    ) -> None:
        self._aliases = AliasBook(Reader(database, _INGEST))
        self._pricer = Pricer(database, self._aliases)
        booker = Booker(
            database,
            price=self._pricer.price,
            default_time_zone=settings.time_zone,
            join_window=timedelta(hours=settings.join_window_hours),
        )
        self._writer = Writer(
            booker, gauges or Gauges(), max_waiting_calls=settings.max_waiting_calls
        )
        self._spool = spool
        self._watch = LedgerWatch()

    def take(self, accepted: Accepted, received: Received | None = None) -> Future[Outcome]:
        """Make records of a request durable; what of `received` was refused is told in the outcome.

        Without Postgres they go to the spool, if there is one. Raises, and the future ends with,
        LedgerUnavailable, Overloaded or SpoolFull; then nothing of them was kept.
        """
        if self._spool is None:
            return self._book(accepted, received)
        if not self._watch.is_worth_a_try():
            return self._keep(self._spool, accepted, received, Future())
        try:
            booked = self._book(accepted, received)
        except LedgerUnavailable:
            self._watch.saw(is_away=True)
            return self._keep(self._spool, accepted, received, Future())
        outcome: Future[Outcome] = Future()
        spool = self._spool
        booked.add_done_callback(
            lambda done: self._settle(done, spool, accepted, received, outcome)
        )
        return outcome

    def book(self, accepted: Accepted, mark: Mark | None = None) -> Future[Outcome]:
        """Book records that their sender need not send again; `mark` is written with them.

        Raises, and the future ends with, LedgerUnavailable, Overloaded, or whatever Postgres finds
        wrong; then nothing was kept.
        """
        return self._book(accepted, None, mark, promised=True)

    def _book(
        self,
        accepted: Accepted,
        received: Received | None,
        mark: Mark | None = None,
        *,
        promised: bool = False,
    ) -> Future[Outcome]:
        outcome: Future[Outcome] = Future()
        booked = self._hand_in(accepted, mark, promised=promised)
        booked.add_done_callback(lambda done: _tell(done, accepted, received, outcome))
        return outcome

    def refuse_body(self, receiver: str, reason: str) -> Future[Outcome]:
        """Count a body that could not be read as one refused record and keep the reason."""
        refusal = Refusal(0, "body", reason)
        return self.take(Accepted(receiver=receiver, calls=[], refusals=[refusal], rejected=1))

    def _settle(
        self,
        done: Future[Outcome],
        spool: SpoolWriter,
        accepted: Accepted,
        received: Received | None,
        outcome: Future[Outcome],
    ) -> None:
        error = done.exception()
        self._watch.saw(is_away=isinstance(error, LedgerUnavailable))
        if error is None:
            outcome.set_result(done.result())
        elif isinstance(error, LedgerUnavailable):
            self._keep(spool, accepted, received, outcome)
        else:
            outcome.set_exception(error)

    def _keep(
        self,
        spool: SpoolWriter,
        accepted: Accepted,
        received: Received | None,
        outcome: Future[Outcome],
    ) -> Future[Outcome]:
        def tell(kept: Future[int]) -> None:
            error = kept.exception()
            if error is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(
                    Outcome(
                        spooled=kept.result(),
                        ignored=accepted.ignored,
                        rejected=accepted.rejected,
                        refusals=received.refusals if received else [],
                    )
                )

        spool.keep(accepted).add_done_callback(tell)
        return outcome

    def _hand_in(self, accepted: Accepted, mark: Mark | None, *, promised: bool) -> Future[Booked]:
        aliases = self._aliases.current()
        calls = [aliases.resolve(call) for call in accepted.calls]
        costs = self._pricer.price_all(calls)
        return self._writer.hand_in(
            Batch(
                receiver=accepted.receiver,
                calls=[PricedCall(call, cost) for call, cost in zip(calls, costs, strict=True)],
                refusals=accepted.refusals,
                rejected=accepted.rejected,
                ignored=accepted.ignored,
                mark=mark,
                promised=promised,
            )
        )


def _tell(
    done: Future[Booked], accepted: Accepted, received: Received | None, outcome: Future[Outcome]
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
            rejected=accepted.rejected + len(result.refused),
            refusals=_refusals(accepted, received, result),
        )
    )


def _refusals(accepted: Accepted, received: Received | None, booked: Booked) -> list[Refusal]:
    """What was refused before and, after that, by the ledger itself; in the sender's order."""
    if received is None:
        return []
    late = [
        _refusal(received.positions[place], accepted.calls[place], reason)
        for place, reason in booked.refused
    ]
    return sorted([*received.refusals, *late], key=lambda refusal: refusal.index)


def accept(received: Received, now: datetime) -> Accepted:
    """Sort out what must not be booked; its refusals join those of the receiver, in order.

    Positions are left of the calls that are accepted.
    """
    calls = []
    positions = []
    for position, call in zip(received.positions, received.calls, strict=True):
        try:
            calls.append(validated(call, now))
        except InvalidRecord as invalid:
            received.add(position, _refused(call, invalid))
        else:
            positions.append(position)
    received.positions = positions
    received.refusals.sort(key=lambda refusal: refusal.index)
    return Accepted(
        receiver=received.receiver,
        calls=calls,
        refusals=received.evidence,
        rejected=received.rejected,
        ignored=received.ignored,
    )


def _refused(call: Call, invalid: InvalidRecord) -> Refused:
    return Refused(invalid.path, invalid.reason, lambda: call.tenant, partial(_evidence, call))


def _refusal(position: int, call: Call, reason: str) -> Refusal:
    return Refusal(position, "record", reason, call.tenant, _evidence(call))


def _evidence(call: Call) -> str:
    evidence = {
        "id": call.id[:256],
        "tenant": call.tenant[:256],
        "started_at": call.started_at.isoformat(),
        "provider": call.provider[:256],
        "model": call.model[:256],
    }
    return msgspec.json.encode(evidence).decode()
