"""The writer: one thread that books whatever requests are waiting, together, in one transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple

from collector.health.board import Gauges
from collector.pipeline.fair_queue import FairQueue
from collector.pipeline.salvage import book_apart, is_fault_of_data
from collector.pipeline.told import told
from exporters.postgres.batches import Batch, Booked, Prepared
from exporters.postgres.booking import Booker, Unsettled
from ledger.domain.errors import LedgerHangs, LedgerUnavailable, Overloaded, TollbookError
from ledger.domain.ingest import Commit
from ledger.storage.deadlines.deadlines import within

log = logging.getLogger(__name__)

_MOST_CALLS_A_COMMIT = 4_096
"""More would be a little cheaper a call, and keep small requests waiting longer."""
_ATTEMPTS = 3
_SETTLING_SECONDS = 5.0


class _Waiting(NamedTuple):
    owner: str
    prepared: Prepared
    booked: Future[Booked]
    handed_in_at: float

    @property
    def size(self) -> int:
        """What it counts for in the queue."""
        return len(self.prepared.batch.calls) or 1


class _Group:
    """The requests of one commit. They are gathered when its turn has come: by then more wait."""

    def __init__(
        self, queue: FairQueue[_Waiting], waiting: Sequence[_Waiting] | None = None
    ) -> None:
        self._queue = queue
        self.waiting: list[_Waiting] = list(waiting or ())

    def gather(self) -> list[Prepared]:
        """The requests' batches; whoever asks again gets the same."""
        if not self.waiting:
            self.waiting = self._queue.take(_MOST_CALLS_A_COMMIT)
            for one in self.waiting:
                self._queue.release(one.owner, one.size)
        return [waiting.prepared for waiting in self.waiting]


class Writer:
    """Group commit: requests hand in batches and wait until theirs is durable."""

    def __init__(self, booker: Booker, gauges: Gauges, *, max_waiting_calls: int) -> None:
        self._booker = booker
        self._gauges = gauges
        self._queue: FairQueue[_Waiting] = FairQueue(max_waiting_calls)
        self._uncounted: list[Commit] = []
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def hand_in(self, batch: Batch) -> Future[Booked]:
        """Hand in a batch; the future is done once it is durable.

        What is missing for it is made here, in the caller's thread: a sender of calls from many
        other days keeps only itself waiting. Raises Overloaded when too many calls of this tenant
        wait already, LedgerUnavailable when Postgres does not answer; then nothing was booked. The
        future ends with LedgerUnavailable when Postgres goes away later.
        """
        prepared = self._booker.prepare(batch)
        owner = batch.calls[0].call.tenant if batch.calls else ""
        waiting = _Waiting(owner, prepared, Future(), time.monotonic())
        self._gauges.add_calls(len(batch.calls))
        try:
            self._queue.put(owner, waiting, waiting.size)
        except Overloaded:
            self._gauges.add_calls(-len(batch.calls))
            raise
        return waiting.booked

    def _run(self) -> None:
        while True:
            self._queue.wait()
            group = _Group(self._queue)
            try:
                self._settle(group)
            except Exception as error:
                log.exception("booking failed")
                for waiting in group.waiting:
                    if not waiting.booked.done():
                        self._fail(waiting, error)

    def _settle(self, group: _Group) -> None:
        try:
            results = self._book(group)
        except LedgerUnavailable as error:
            group.gather()
            for waiting in group.waiting:
                self._fail(waiting, error)
            return
        except Exception as error:
            if not is_fault_of_data(error):
                log.exception("booking requests together failed; booking each alone")
            # It may have failed before our turn came: nobody is left to wait for ever.
            group.gather()
            for waiting in group.waiting:
                self._settle_alone(waiting)
            return
        for waiting, result in zip(group.waiting, results, strict=True):
            self._tell(waiting, result)

    def _settle_alone(self, waiting: _Waiting) -> None:
        """Book one request, so that a fault in it does not fail those it waited with."""
        try:
            self._tell(waiting, self._book_alone(waiting))
        except TollbookError as error:
            self._fail(waiting, error)
        except Exception as error:
            log.exception("booking failed")
            self._fail(waiting, error)

    def _tell(self, waiting: _Waiting, result: Booked) -> None:
        # First the gauge: whoever has their answer does not see their calls wait.
        self._gauges.add_calls(-len(waiting.prepared.batch.calls))
        waiting.booked.set_result(result)

    def _fail(self, waiting: _Waiting, error: Exception) -> None:
        self._gauges.add_calls(-len(waiting.prepared.batch.calls))
        waiting.booked.set_exception(told(error))

    def _book_alone(self, waiting: _Waiting) -> Booked:
        """Book a request; calls that the ledger does not take are refused, unless it was promised.

        What was promised to its sender fails as a whole, and whoever promised it decides what
        becomes of it.
        """
        batch = waiting.prepared.batch
        try:
            return self._book(_Group(self._queue, [waiting]))[0]
        except Exception as error:
            if batch.promised or not is_fault_of_data(error):
                raise
        return book_apart(batch, partial(self._book_part, handed_in_at=waiting.handed_in_at))

    def _book_part(self, batch: Batch, *, handed_in_at: float) -> Booked:
        waiting = _Waiting("", self._booker.prepare(batch), Future(), handed_in_at)
        return self._book(_Group(self._queue, [waiting]))[0]

    def _book(self, group: _Group) -> list[Booked]:
        for attempt in range(1, _ATTEMPTS + 1):
            began_at = time.monotonic()
            results: list[Booked] | None = None
            try:
                results = self._booker.book(group.gather, self._uncounted)
            except Unsettled as unsettled:
                results = self._ask(unsettled)
            except LedgerHangs:
                raise
            except LedgerUnavailable:
                if attempt == _ATTEMPTS:
                    raise
            if results is not None:
                self._note_commit(group.waiting, began_at)
                return results
            time.sleep(0.1 * attempt)
        raise LedgerUnavailable("Postgres was lost during several commits")

    def _note_commit(self, waiting: Sequence[_Waiting], began_at: float) -> None:
        """Earlier commits are counted now, in this one; it is itself counted in the next."""
        now = time.monotonic()
        calls = sum(len(one.prepared.batch.calls) for one in waiting)
        oldest_at = min(one.handed_in_at for one in waiting)
        self._uncounted = [Commit(now - began_at, calls, now - oldest_at)]
        self._gauges.committed()

    def _ask(self, unsettled: Unsettled) -> list[Booked] | None:
        """Whether a commit took place whose answer was lost; Postgres may need a moment.

        Where that cannot be said in time, all is as if it had not: what is booked again, from the
        spool or by its sender, is then known by its name and counts as duplicate.
        """
        until = time.monotonic() + _SETTLING_SECONDS
        with within(_SETTLING_SECONDS):
            while True:
                try:
                    return self._booker.settle(unsettled)
                except LedgerHangs:
                    raise
                except LedgerUnavailable:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.1)
