"""Which changes of prices the waiting calls have been gone through for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

_MARK = "late_pricing"

_READ = "SELECT detail FROM ingest_marks WHERE source = %s"
_WRITE = """
    INSERT INTO ingest_marks (source, place, detail) VALUES (%s, %s, %s)
    ON CONFLICT (source) DO UPDATE
    SET place = excluded.place, detail = excluded.detail, marked_at = now()
"""


class Progress(msgspec.Struct, frozen=True):
    """How far one process, or another after it, has come."""

    versions: dict[str, int]
    """Of everything that prices hang on."""
    library: str
    noticed_at: datetime
    rounds: int = 0
    """How often all waiting calls were gone through since."""
    busy_until: datetime | None = None
    """Until then a process is at it, unless it died."""


def read_progress(connection: psycopg.Connection[Any]) -> Progress | None:
    """What was noted last; None before the first time."""
    row = connection.execute(_READ, (_MARK,)).fetchone()
    return None if row is None else msgspec.convert(row[0], Progress)


def note_progress(connection: psycopg.Connection[Any], progress: Progress) -> None:
    """Note where to go on from."""
    detail = msgspec.to_builtins(progress)
    connection.execute(_WRITE, (_MARK, progress.rounds, Jsonb(detail)))
