"""Notices about budgets: crossings are noted and told within seconds."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from alerts.notices.delivering import Deliverer
from collector.jobs.turns import is_ours
from ledger.commands.notices.watching import note_crossings
from ledger.storage.database import Database

log = logging.getLogger(__name__)

_LOOKS_BACK = timedelta(days=3)
"""At the first look and then every few minutes, for calls that come late."""
_LOOKS_BACK_EVERY = timedelta(minutes=10)
_BOOKED_WITHIN = timedelta(minutes=15)
"""A call counts by its start and is booked when it has ended, mostly."""
_PAUSE_FACTOR = 10
"""A look that takes long is followed by a pause so many times as long."""


class NoticeJobs:
    """Watches budgets and tells what is found; one for each process that runs jobs."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._looked_at: datetime | None = None
        self._looked_back_at: datetime | None = None
        self._due = 0.0

    def watch_budgets(self, database: Database) -> None:
        """Note what was crossed since the last look. Raises LedgerUnavailable."""
        if time.monotonic() < self._due:
            return
        began = time.monotonic()
        at = datetime.now(UTC)
        since = self._since(at)
        with database.transaction("tollbook_ingest") as connection:
            if not is_ours(connection, "watch_budgets"):
                return
            noted = note_crossings(connection, since=since, at=at)
        self._looked_at = at
        if since <= at - _LOOKS_BACK:
            self._looked_back_at = at
        if noted:
            log.info("budgets reached thresholds: %d notices", noted)
        self._due = began + _PAUSE_FACTOR * (time.monotonic() - began)

    def tell_notices(self, _database: Database) -> None:
        """Send what waits. Raises LedgerUnavailable."""
        self._deliverer.deliver()

    def _since(self, at: datetime) -> datetime:
        if self._looked_back_at is None or at - self._looked_back_at >= _LOOKS_BACK_EVERY:
            return at - _LOOKS_BACK
        return min(at - _BOOKED_WITHIN, self._looked_at or at)
