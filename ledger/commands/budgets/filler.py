"""Filling new budgets beside whatever else a process does."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import select

from ledger.commands.budgets.filling import fill_budgets
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.budgets.tables import budgets
from ledger.storage.database import Database

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5
"""Between looking whether another process is done."""

_WAITING = (
    select(budgets.c.budget_id)
    .where(budgets.c.filled_at.is_(None), budgets.c.ended_at.is_(None))
    .limit(1)
)


def fill_all(database: Database) -> None:
    """Fill budgets until none waits, by whichever process. Raises LedgerUnavailable."""
    while _is_any_waiting(database):
        if not fill_budgets(database):
            time.sleep(_PAUSE_SECONDS)


class Filler:
    """One thread that fills budgets when it is told that some were set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._asked: list[threading.Event] = []
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def fill_soon(self) -> threading.Event:
        """Begin to fill what waits; the event is set when nothing does, or when that failed."""
        done = threading.Event()
        with self._lock:
            self._asked.append(done)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="filler", daemon=True)
                self._thread.start()
        self._wake.set()
        return done

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                asked, self._asked = self._asked, []
            try:
                fill_all(self._database)
            except LedgerUnavailable as error:
                log.warning("budgets are filled later: %s", error)
            except Exception:
                log.exception("filling budgets failed; a job tries it again")
            for done in asked:
                done.set()


def _is_any_waiting(database: Database) -> bool:
    with database.transaction("tollbook_ingest") as connection:
        return connection.execute(_WAITING).first() is not None
