"""The day partitions of calls and keys: made ahead by a job, and on demand for any other day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

_ENSURE = text("SELECT ensure_call_partitions(:days)")
_ENSURE_KEYS = text("SELECT ensure_key_partitions(:days)")
_DROP_KEYS = text("SELECT drop_keys_before(:day)")


def ensure_call_partitions(connection: Connection, days: Iterable[date]) -> int:
    """Create the partitions of these UTC days that are missing; returns how many were made."""
    wanted = sorted(set(days))
    return int(connection.execute(_ENSURE, {"days": wanted}).scalar_one()) if wanted else 0


def ensure_key_partitions(connection: Connection, days: Iterable[date]) -> int:
    """Create the partitions for keys that arrive on these UTC days; returns how many were made."""
    return int(connection.execute(_ENSURE_KEYS, {"days": sorted(days)}).scalar_one())


def drop_keys_before(connection: Connection, day: date) -> int:
    """Forget the keys that arrived before a UTC day; returns how many days were dropped."""
    return int(connection.execute(_DROP_KEYS, {"day": day}).scalar_one())
