"""The days of calls, keys and copies: made ahead by a job, on demand for others, and forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, text

from ledger.storage.known_ids import keep_known_ids

_ENSURE = text("SELECT ensure_call_partitions(:days)")
_ENSURE_KEYS = text("SELECT ensure_key_partitions(:days)")
_DROP_KEYS = text("SELECT drop_keys_before(:day)")
# A booking that has one of them in hand is not waited for: it would wait for us in turn.
_FORGET_RECORDS = text("""
    UPDATE copies SET record = NULL WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM copies WHERE record IS NOT NULL AND arrived_at < :day
        ORDER BY arrived_at LIMIT :most FOR UPDATE SKIP LOCKED
    ))
""")


def ensure_call_partitions(connection: Connection, days: Iterable[date]) -> int:
    """Create the partitions of these UTC days that are missing; returns how many were made."""
    wanted = sorted(set(days))
    return int(connection.execute(_ENSURE, {"days": wanted}).scalar_one()) if wanted else 0


def ensure_key_partitions(connection: Connection, days: Iterable[date]) -> int:
    """Create the partitions for keys that arrive on these UTC days; returns how many were made."""
    return int(connection.execute(_ENSURE_KEYS, {"days": sorted(days)}).scalar_one())


def drop_keys_before(connection: Connection, day: date) -> int:
    """Forget the keys that arrived before a UTC day; returns how many days were dropped.

    Which ids are on which days stays known.
    """
    keep_known_ids(connection, day)
    return int(connection.execute(_DROP_KEYS, {"day": day}).scalar_one())


def forget_records_before(connection: Connection, day: date, most: int) -> int:
    """Forget what copies that arrived before a UTC day said; returns how many were forgotten.

    Their names stay for good. At most `most` are forgotten in one transaction.
    """
    midnight = datetime.combine(day, time(), UTC)
    return connection.execute(_FORGET_RECORDS, {"day": midnight, "most": most}).rowcount
