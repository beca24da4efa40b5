"""Whether everything that came in is accounted for."""

from __future__ import annotations

import logging

from collector.jobs.turns import is_ours
from ledger.storage.database import Database
from ledger.storage.self_check import check_ingest

log = logging.getLogger(__name__)


def check_accounting(database: Database) -> None:
    """Hold what was received against what became of it, and against calls and dead letters."""
    with database.transaction("tollbook_ingest") as connection:
        if not is_ours(connection, "check_accounting"):
            return
        imbalances = check_ingest(connection)
    for one in imbalances:
        log.error("not accounted for: %s are %d and should be %d", *one)
