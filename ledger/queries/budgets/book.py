"""The budgets that hold, kept at hand by each process."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.budgets.stored import known_budgets
from ledger.storage.budgets.versions import version_now
from ledger.storage.database import Database
from ledger.storage.deadlines.deadlines import within

_REFRESH_SECONDS = 1.0


class BudgetBook:
    """All budgets of all tenants, read again within a second of any change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: KnownBudgets | None = None
        self._due = 0.0
        self._refreshing = threading.Lock()

    def current(self) -> KnownBudgets:
        """The budgets as they were at most a second ago.

        While Postgres is away they stay as they were, and it is not waited for. Raises
        LedgerUnavailable when they were never read.
        """
        known = self._known
        if known is not None and time.monotonic() < self._due:
            return known
        # The first reading is waited for; later ones are one caller's, and the others go on.
        if self._refreshing.acquire(blocking=known is None):
            try:
                if self._known is None or time.monotonic() >= self._due:
                    self._refresh()
            finally:
                self._refreshing.release()
        assert self._known is not None
        return self._known

    def _refresh(self) -> None:
        if self._known is None:
            self._read()
        else:
            with suppress(LedgerUnavailable), within(_REFRESH_SECONDS):
                self._read()
        self._due = time.monotonic() + _REFRESH_SECONDS

    def _read(self) -> None:
        with self._database.transaction("tollbook_ingest") as connection:
            if self._known is None or version_now(connection) != self._known.version:
                self._known = known_budgets(connection)
