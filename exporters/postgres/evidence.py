"""Refused records, kept so that a person can see what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from exporters.postgres.batches import Batch

_KEEP = """
    INSERT INTO refused_records (tenant, kind, receiver, position, path, reason, payload)
    VALUES (%s, 'rejected', %s, %s, %s, %s, %s)
"""


def keep_refusals(connection: psycopg.Connection[Any], batches: Sequence[Batch]) -> None:
    """Store the evidence of all batches; an unknown tenant is the empty text."""
    rows = [
        (
            storable(refusal.tenant or ""),
            batch.receiver,
            refusal.index,
            storable(refusal.path),
            storable(refusal.reason),
            refusal.payload and storable(refusal.payload),
        )
        for batch in batches
        for refusal in batch.refusals
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP, rows)


def storable(value: str) -> str:
    """The text without what Postgres cannot store: NUL and lone surrogates."""
    text = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()
