"""Records that were refused, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from ledger.queries.reader import Reader
from ledger.storage.tables import refused_records

Cursor = tuple[datetime, str]


def list_refused(
    reader: Reader, *, before: Cursor | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Refused and dead-lettered records with reason and evidence, those before a cursor."""
    table = refused_records
    statement = (
        select(table).order_by(table.c.received_at.desc(), table.c.record_id.desc()).limit(limit)
    )
    if before is not None:
        statement = statement.where(
            tuple_(table.c.received_at, table.c.record_id) < tuple_(*before)
        )
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
