"""Evidence: refused records for people, and copies for the records that may follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from exporters.postgres.batches import Batch
from ledger.domain.calls import Call

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


_KEEP_COPY = """
    INSERT INTO copies (tenant, started_at, id, record)
    VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def keep_copies(connection: psycopg.Connection[Any], records: Sequence[Call]) -> None:
    """Store the records that calls were joined from, as they came."""
    rows = [
        (call.tenant, call.started_at, call.id, Jsonb(msgspec.to_builtins(call)))
        for call in records
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP_COPY, rows)


def storable(value: str) -> str:
    """The text without what Postgres cannot store: NUL and lone surrogates."""
    text = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()
