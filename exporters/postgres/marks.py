"""Marks: how far a source has been read, written in the transaction that books what it held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg

from exporters.postgres.batches import Batch

_KEEP = """
    INSERT INTO ingest_marks (source, place, detail) VALUES (%s, %s, %s)
    ON CONFLICT (source) DO UPDATE
    SET place = excluded.place, detail = excluded.detail, marked_at = now()
"""


def keep_marks(connection: psycopg.Connection[Any], batches: Sequence[Batch]) -> None:
    """Store the marks of all batches, in an order in which no two processes block each other."""
    marks = sorted((b.mark for b in batches if b.mark is not None), key=lambda mark: mark.source)
    for mark in marks:
        detail = None if mark.detail is None else msgspec.json.encode(mark.detail).decode()
        connection.execute(_KEEP, (mark.source, mark.place, detail))
