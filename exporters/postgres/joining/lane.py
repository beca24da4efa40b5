"""The lane: bookings take turns, so each one sees everything that was booked before it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import psycopg

from exporters.postgres.joining.keys import KeyColumns
from exporters.postgres.joining.seen_keys import Flags, SeenKeys
from ledger.domain.key_filters import KeyArray
from ledger.storage.budgets.versions import BUDGETS
from ledger.storage.turns import TURN

# What is read only when the turn has come takes a statement of its own: one that waits sees what
# was committed before it began to wait.
_ENTER = f"""
    SELECT pg_current_xact_id()::text, clock_timestamp() FROM {TURN};
    SELECT coalesce(max(version), 0) FROM configuration_versions WHERE subject = '{BUDGETS}'
"""  # noqa: S608 - our own names
_FEED = """
    SELECT batch, arrived_on, CASE WHEN writer <> %s THEN keys END FROM key_feed
    WHERE batch > %s ORDER BY batch LIMIT %s
"""
_BATCHES_AT_ONCE = 50
_TELL = "INSERT INTO key_feed (arrived_on, writer, keys) VALUES (%s, %s, %s)"


class Entered(NamedTuple):
    """What is known as soon as a turn has come."""

    transaction: str
    now: datetime
    budgets_version: int


class Lane:
    """One process' place in the lane, with what it knows of the keys told in it."""

    def __init__(self, *, days_kept: int, most_bytes: int) -> None:
        self._writer = uuid4()
        self._seen = SeenKeys(days_kept, most_bytes)
        self._heard = 0

    def enter(self, connection: psycopg.Connection[Any]) -> Entered:
        """Wait for our turn, which ends with the transaction.

        What other processes told meanwhile is heard first.
        """
        if not self._heard:
            # All of the last days at first: that would keep the others waiting.
            self._hear(connection)
        cursor = connection.execute(_ENTER)
        row = cursor.fetchone()
        cursor.nextset()
        version = cursor.fetchone()
        assert row is not None
        assert version is not None
        self._hear(connection)
        return Entered(row[0], row[1], version[0])

    def suspects(self, columns: KeyColumns) -> Flags:
        """Which records may be related to one that was told before, or among themselves."""
        found: Flags = columns.related_among_themselves()
        for keys in columns.asked():
            found |= self._seen.may_hold(keys)
        return found

    def may_be_told(self, keys: KeyArray) -> Flags:
        """For each key, whether it may have been told; False is certain."""
        return self._seen.may_hold(keys)

    def tell(self, connection: psycopg.Connection[Any], today: date, keys: KeyArray) -> None:
        """Let the other processes know of new keys when this transaction commits."""
        connection.execute(_TELL, (today, self._writer, keys.astype("<u8").tobytes()))
        # Ours are remembered at once: if this transaction fails, they are asked about in vain. The
        # batch counts as heard only when it is read: a Postgres that crashes before the commit may
        # give its number to another process.
        self._seen.add(today, keys)

    def _hear(self, connection: psycopg.Connection[Any]) -> None:
        number = _BATCHES_AT_ONCE
        while number == _BATCHES_AT_ONCE:
            parameters = (self._writer, self._heard, _BATCHES_AT_ONCE)
            told = connection.execute(_FEED, parameters, binary=True).fetchall()
            for batch, day, keys in told:
                if keys is not None:
                    self._seen.add(day, np.frombuffer(keys, dtype="<u8").astype(np.uint64))
                self._heard = batch
            number = len(told)
