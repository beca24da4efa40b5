"""Evidence: refused records for people, and copies for the records that may follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from exporters.postgres.batches import Batch
from ledger.domain.calls import Call
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
    INSERT INTO copies (tenant, started_at, id, record, arrived_at)
    SELECT told ->> 'tenant', (told ->> 'started_at')::timestamptz, told ->> 'id', told, %s
    FROM jsonb_array_elements(%s::jsonb) AS told
    ON CONFLICT DO NOTHING
"""


def keep_copies(
    connection: psycopg.Connection[Any], records: Sequence[Call], arrived_at: datetime
) -> None:
    """Store the records that calls were joined from, as they came."""
    if records:
        document = msgspec.json.encode([_what_it_says(call) for call in records]).decode()
        connection.execute(_KEEP_COPIES, (arrived_at, document))


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
