"""The writer: one thread that books whatever requests are waiting, together, in one transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from collector.pipeline.fair_queue import FairQueue
from collector.pipeline.salvage import book_apart, is_fault_of_data
from exporters.postgres.batches import Batch, Booked, Prepared
from exporters.postgres.booking import Booker, Unsettled
from ledger.domain.errors import LedgerUnavailable, TollbookError

log = logging.getLogger(__name__)

_MOST_CALLS_A_COMMIT = 10_000
_ATTEMPTS = 3
_SETTLING_ATTEMPTS = 50

_Waiting = tuple[Prepared, "Future[Booked]"]


class Writer:
    """Group commit: requests hand in batches and wait until theirs is durable."""

    def __init__(self, booker: Booker, *, max_waiting_calls: int) -> None:
        self._booker = booker
        self._queue: FairQueue[_Waiting] = FairQueue(max_waiting_calls)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def waiting_calls(self) -> int:
        """Calls that were handed in and are not booked yet."""
        return self._queue.size

    def hand_in(self, batch: Batch) -> Future[Booked]:
        """Hand in a batch; the future is done once it is durable.

        What is missing for it is made here, in the caller's thread: a sender of calls from many
        other days keeps only itself waiting. Raises Overloaded when too many calls of this tenant
        wait already, LedgerUnavailable when Postgres does not answer; then nothing was booked. The
        future ends with LedgerUnavailable when Postgres goes away later.
        """
        prepared = self._booker.prepare(batch)
        future: Future[Booked] = Future()
        owner = batch.calls[0].call.tenant if batch.calls else ""
        self._queue.put(owner, (prepared, future), len(batch.calls) or 1)
        return future

    def _run(self) -> None:
        while True:
            group = self._queue.take(_MOST_CALLS_A_COMMIT)
            try:
                self._settle(group)
            except Exception as error:
                log.exception("booking failed")
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)

    def _settle(self, group: Sequence[_Waiting]) -> None:
        try:
            results = self._book([prepared for prepared, _ in group])
        except LedgerUnavailable as error:
            for _, future in group:
                future.set_exception(error)
            return
        except Exception as error:
            if not is_fault_of_data(error):
                log.exception("booking %d requests together failed; booking each alone", len(group))
            for waiting in group:
                self._settle_alone(waiting)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _settle_alone(self, waiting: _Waiting) -> None:
        """Book one request, so that a fault in it does not fail those it waited with."""
        prepared, future = waiting
        try:
            future.set_result(self._book_alone(prepared))
        except TollbookError as error:
            future.set_exception(error)
        except Exception as error:
            log.exception("booking failed")
            future.set_exception(error)

    def _book_alone(self, prepared: Prepared) -> Booked:
        """Book a request; calls that the ledger does not take are refused, unless it was promised.

        What was promised to its sender fails as a whole, and whoever promised it decides what
        becomes of it.
        """
        try:
            return self._book([prepared])[0]
        except Exception as error:
            if prepared.batch.promised or not is_fault_of_data(error):
                raise
        return book_apart(prepared.batch, self._book_part)

    def _book_part(self, batch: Batch) -> Booked:
        return self._book([self._booker.prepare(batch)])[0]

    def _book(self, prepared: Sequence[Prepared]) -> list[Booked]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._booker.book(prepared)
            except Unsettled as unsettled:
                results = self._ask(unsettled)
                if results is not None:
                    return results
            except LedgerUnavailable:
                if attempt == _ATTEMPTS:
                    raise
            time.sleep(0.1 * attempt)
        raise LedgerUnavailable("Postgres was lost during several commits")

    def _ask(self, unsettled: Unsettled) -> list[Booked] | None:
        """Whether a commit took place whose answer was lost; Postgres may need a moment."""
        for attempt in range(_SETTLING_ATTEMPTS):
            try:
                return self._booker.settle(unsettled)
            except LedgerUnavailable:
                if attempt == _SETTLING_ATTEMPTS - 1:
                    raise
                time.sleep(0.1)
        raise AssertionError
