"""What happens to accepted requests while Postgres is away: they go to the spool, in groups."""

from __future__ import annotations

import logging
import queue
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

from collector.receivers.accepted import Accepted
from collector.spool.spool import Spool
from ledger.domain.errors import TollbookError

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0


class LedgerWatch:
    """Whether Postgres was there lately: while it was not, one request a second tries it."""

    def __init__(self) -> None:
        self._is_away = False
        self._tried_at = 0.0
        self._changing = threading.Lock()

    def is_worth_a_try(self) -> bool:
        """Whether the next request should be booked rather than spooled at once."""
        if not self._is_away:
            return True
        with self._changing:
            now = time.monotonic()
            if now - self._tried_at < _RETRY_SECONDS:
                return False
            self._tried_at = now
            return True

    def saw(self, *, is_away: bool) -> None:
        """Note how a booking ended."""
        if is_away and not self._is_away:
            log.warning("Postgres is away; what comes in goes to the spool")
            self._tried_at = time.monotonic()
        self._is_away = is_away


class _Waiting(NamedTuple):
    accepted: Accepted
    kept: Future[int]


class SpoolWriter:
    """One thread that writes whatever waits, together, with one fsync."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="spool writer", daemon=True).start()

    def keep(self, accepted: Accepted) -> Future[int]:
        """Keep a request; done, with how many records wait, once it is durable.

        Ends with SpoolFull or SpoolUnusable; then nothing of it was kept.
        """
        kept: Future[int] = Future()
        self._waiting.put(_Waiting(accepted, kept))
        return kept

    def _run(self) -> None:
        while True:
            group = [self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get())
            self._keep(group)

    def _keep(self, group: list[_Waiting]) -> None:
        try:
            errors = self._spool.put_all(one.accepted for one in group)
        except Exception as error:
            if not isinstance(error, TollbookError):
                log.exception("the spool failed")
            errors = [error] * len(group)
        for one, fault in zip(group, errors, strict=True):
            if fault is None:
                one.kept.set_result(len(one.accepted.calls))
            else:
                one.kept.set_exception(fault)
