"""The days of the keys by which copies of a call are found: made ahead, and dropped."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from collector.jobs.turns import is_ours
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.joining import remembered_for
from ledger.storage.database import Database
from ledger.storage.partitions import (
    drop_keys_before,
    ensure_key_partitions,
    forget_records_before,
)

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_RECORDS_AT_ONCE = 5000
_PATIENCE = text("SET LOCAL lock_timeout = '2s'")


def make_key_days_ahead(database: Database) -> None:
    """Make the partitions of today and tomorrow, so that booking does not wait for them."""
    today = datetime.now(UTC).date()
    with database.transaction("tollbook_ingest") as connection:
        if is_ours(connection, "make_key_days_ahead"):
            ensure_key_partitions(connection, [today, today + _DAY])


def drop_old_keys(database: Database, *, join_window: timedelta) -> None:
    """Forget the keys that no record can be joined by any more, and what the copies said."""
    oldest = (datetime.now(UTC) - remembered_for(join_window)).date()
    dropped = 0
    try:
        with database.transaction("tollbook_ingest") as connection:
            # Bookings queue behind whoever waits for this lock, and a backup may hold it for hours.
            connection.execute(_PATIENCE)
            if is_ours(connection, "drop_old_keys"):
                dropped = drop_keys_before(connection, oldest)
    except LedgerUnavailable as error:
        log.warning("old keys of copies were not dropped; it is tried again later: %s", error)
    if dropped:
        log.info("dropped the keys of %d days before %s", dropped, oldest)
    _forget_records(database, oldest)


def _forget_records(database: Database, oldest: date) -> None:
    """Some at a time: the locks of each transaction end with it."""
    forgotten = _RECORDS_AT_ONCE
    while forgotten == _RECORDS_AT_ONCE:
        with database.transaction("tollbook_ingest") as connection:
            if not is_ours(connection, "forget_records"):
                return
            forgotten = forget_records_before(connection, oldest, _RECORDS_AT_ONCE)
