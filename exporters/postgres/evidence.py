"""Evidence: refused records for people, and copies for the records that may follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from exporters.postgres.batches import Batch
from ledger.domain.calls import Call
from ledger.domain.joining import Joined, key_of
from ledger.domain.usage import TOKEN_FIELDS

_KEEP = """
    INSERT INTO refused_records (tenant, kind, receiver, position, path, reason, payload)
    VALUES (%s, 'rejected', %s, %s, %s, %s, %s)
"""

_MOST_NAME_CHARACTERS = 256
"""As of a call. Tenants and places are indexed, and an index takes no text of any length."""
_MOST_REASON_CHARACTERS = 1000


def keep_refusals(connection: psycopg.Connection[Any], batches: Sequence[Batch]) -> None:
    """Store the evidence of all batches; an unknown tenant is the empty text."""
    rows = [
        (
            storable(refusal.tenant or "")[:_MOST_NAME_CHARACTERS],
            batch.receiver,
            refusal.index,
            storable(refusal.path)[:_MOST_NAME_CHARACTERS],
            storable(refusal.reason)[:_MOST_REASON_CHARACTERS],
            refusal.payload and storable(refusal.payload),
        )
        for batch in batches
        for refusal in batch.refusals
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_KEEP, rows)


_FIELDS = [(field.name, field.default) for field in msgspec.structs.fields(Call)]

# One document for all of them: JSON in an array of texts is quoted and read again, at a high price.
_KEEP_COPIES = """
    INSERT INTO copies (tenant, started_at, id, record, arrived_at, call_started_at, call_id)
    SELECT record ->> 'tenant', (record ->> 'started_at')::timestamptz, record ->> 'id', record, %s,
        call_started_at, call_id
    FROM ROWS FROM (jsonb_array_elements(%s::jsonb), unnest(%s::timestamptz[]), unnest(%s::text[]))
        AS told (record, call_started_at, call_id)
    ON CONFLICT (tenant, started_at, id) DO UPDATE
        SET call_started_at = excluded.call_started_at, call_id = excluded.call_id
        WHERE (copies.call_started_at, copies.call_id)
            IS DISTINCT FROM (excluded.call_started_at, excluded.call_id)
"""


def keep_copies(
    connection: psycopg.Connection[Any], calls: Sequence[Joined], arrived_at: datetime
) -> None:
    """Store the records that calls were joined from, as they came, and which call each became.

    Records that were kept before stay as they are and are only told where they belong now.
    """
    kept = [
        (record, key_of(one.call) if key_of(record) != key_of(one.call) else (None, None))
        for one in calls
        for record in one.records
    ]
    if kept:
        document = msgspec.json.encode([_what_it_says(record) for record, _ in kept]).decode()
        starts, ids = [start for _, (start, _) in kept], [name for _, (_, name) in kept]
        connection.execute(_KEEP_COPIES, (arrived_at, document, starts, ids))


def _what_it_says(call: Call) -> dict[str, Any]:
    """The record without what every other record has too: most fields are not said."""
    said = {
        name: value
        for (name, default), value in zip(_FIELDS, msgspec.structs.astuple(call), strict=True)
        if value != default
    }
    usage = zip(TOKEN_FIELDS, msgspec.structs.astuple(call.usage), strict=True)
    return {**said, "usage": {name: tokens for name, tokens in usage if tokens is not None}}


def storable(value: str) -> str:
    """The text without what Postgres cannot store: NUL and lone surrogates."""
    text = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()
