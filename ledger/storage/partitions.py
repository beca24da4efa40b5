"""The day partitions of calls: made ahead by a job, and on demand for calls of any other day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

_ENSURE = text("SELECT ensure_call_partitions(:days)")


def ensure_call_partitions(connection: Connection, days: Iterable[date]) -> int:
    """Create the partitions of these UTC days that are missing; returns how many were made."""
    wanted = sorted(set(days))
    return int(connection.execute(_ENSURE, {"days": wanted}).scalar_one()) if wanted else 0
