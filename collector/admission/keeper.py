"""The thread that keeps admissions without the ledger: those that come together, with one fsync."""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import Future

from collector.admission.unverified import Unverified
from ledger.domain.errors import TollbookError
from ledger.domain.reservations.commands import Record

log = logging.getLogger(__name__)

_Waiting = tuple[Record, "Future[None]"]


class Keeper:
    """Writes whatever waits, together."""

    def __init__(self, unverified: Unverified) -> None:
        self._unverified = unverified
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="admissions kept", daemon=True).start()

    def keep(self, record: Record) -> Future[None]:
        """Keep an admission; done once it is durable. Ends with SpoolFull or SpoolUnusable."""
        kept: Future[None] = Future()
        self._waiting.put((record, kept))
        return kept

    def _run(self) -> None:
        while True:
            group = [self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get())
            error = self._fault_of_keeping([record for record, _ in group])
            for _, kept in group:
                if kept.set_running_or_notify_cancel():
                    kept.set_exception(error) if error else kept.set_result(None)

    def _fault_of_keeping(self, records: list[Record]) -> Exception | None:
        try:
            self._unverified.keep(records)
        except Exception as error:
            if not isinstance(error, TollbookError):
                log.exception("admissions without the ledger could not be kept")
            return error
        return None
