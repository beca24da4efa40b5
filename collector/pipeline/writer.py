"""The writer: one thread that books whatever requests are waiting, together, in one transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

from exporters.postgres.batches import Batch, Booked
from exporters.postgres.booking import Booker
from ledger.domain.errors import LedgerUnavailable, Overloaded, TollbookError

log = logging.getLogger(__name__)

_MOST_CALLS_A_COMMIT = 10_000
_ATTEMPTS = 3

_Waiting = tuple[Batch, "Future[Booked]"]


class Writer:
    """Group commit: requests hand in batches and wait until theirs is durable."""

    def __init__(self, booker: Booker, *, max_waiting_calls: int) -> None:
        self._booker = booker
        self._max_waiting_calls = max_waiting_calls
        self._waiting: deque[_Waiting] = deque()
        self._waiting_calls = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def book(self, batch: Batch) -> Booked:
        """Book a batch and return once it is durable.

        What is missing for it is made here, in the caller's thread: a sender of calls from many
        other days keeps only itself waiting.

        Raises Overloaded when too many calls wait already, LedgerUnavailable when Postgres does
        not take them; in both cases nothing was booked.
        """
        self._booker.prepare(batch)
        future: Future[Booked] = Future()
        with self._changed:
            if self._waiting and self._waiting_calls + len(batch.calls) > self._max_waiting_calls:
                raise Overloaded
            self._waiting.append((batch, future))
            self._waiting_calls += len(batch.calls)
            self._changed.notify()
        return future.result()

    def _run(self) -> None:
        while True:
            group = self._next_group()
            try:
                self._settle(group)
            except Exception as error:
                log.exception("booking failed")
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        calls = 0
        with self._changed:
            while not self._waiting:
                self._changed.wait()
            while self._waiting and calls < _MOST_CALLS_A_COMMIT:
                waiting = self._waiting.popleft()
                group.append(waiting)
                calls += len(waiting[0].calls)
            self._waiting_calls -= calls
        return group

    def _settle(self, group: Sequence[_Waiting]) -> None:
        try:
            results = self._book([batch for batch, _ in group])
        except LedgerUnavailable as error:
            for _, future in group:
                future.set_exception(error)
            return
        except Exception:
            if len(group) == 1:
                raise
            log.exception("booking %d requests together failed; booking each alone", len(group))
            for waiting in group:
                self._settle_alone(waiting)
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _settle_alone(self, waiting: _Waiting) -> None:
        """Book one request, so that a fault in it does not fail those it waited with."""
        batch, future = waiting
        try:
            future.set_result(self._book([batch])[0])
        except TollbookError as error:
            future.set_exception(error)
        except Exception as error:
            log.exception("booking failed")
            future.set_exception(error)

    def _book(self, batches: Sequence[Batch]) -> list[Booked]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._booker.book(batches)
            except LedgerUnavailable:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(0.1 * attempt)
        raise AssertionError
