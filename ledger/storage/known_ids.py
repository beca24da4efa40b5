"""Which ids are on which days, when the keys by which their records could be found are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import numpy as np
from sqlalchemy import Connection, text

from ledger.domain.key_filters import Sought, stored_filter
from ledger.storage.database import driver_connection

_KEYS = """
    SELECT (started_at AT TIME ZONE 'UTC')::date, string_agg(int8send(own_key), ''::bytea)
    FROM call_keys WHERE arrived_at < %s GROUP BY 1 ORDER BY 1
"""
_KEEP = "INSERT INTO known_ids (started_on, words) VALUES (%s, %s)"
_DAYS = text("""
    SELECT started_on, words IS NULL AS any,
        substring(words FROM (:spread % (length(words) / 8))::integer * 8 + 1 FOR 8) AS word
    FROM known_ids
""")


def keep_known_ids(connection: Connection, day: date) -> None:
    """Keep a filter of the ids whose records arrived before a UTC day, by the day they start."""
    driver = driver_connection(connection)
    midnight = datetime.combine(day, time(), UTC)
    with driver.cursor(binary=True) as cursor:
        for started_on, keys in cursor.execute(_KEYS, (midnight,)).fetchall():
            assert isinstance(keys, bytes)
            told = np.frombuffer(keys, dtype=">i8").astype(np.int64).view(np.uint64)
            driver.execute(_KEEP, (started_on, stored_filter(told)))


def days_of_id(connection: Connection, key: int) -> Sequence[date]:
    """The UTC days that may hold records of an id whose keys were dropped, the latest first.

    There are none on any other day. Few are named in vain.
    """
    sought = Sought.of(key)
    rows = connection.execute(_DAYS, {"spread": sought.spread})
    return sorted(
        {row.started_on for row in rows if row.any or sought.may_stand_in(row.word)}, reverse=True
    )
