"""Single calls of one tenant, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.queries.reader import Reader
from ledger.storage.tables import calls, series

Cursor = tuple[datetime, str]


def list_calls(
    reader: Reader,
    *,
    tenant: str,
    start: datetime | None = None,
    end: datetime | None = None,
    before: Cursor | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Calls with their dimensions and cost, those before a cursor of (started_at, id)."""
    statement = (
        select(calls, *(series.c[name] for name in SERIES_DIMENSIONS))
        .join(
            series, (series.c.tenant == calls.c.tenant) & (series.c.series_id == calls.c.series_id)
        )
        .where(calls.c.tenant == tenant, series.c.tenant == tenant)
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
        .limit(limit)
    )
    if start is not None:
        statement = statement.where(calls.c.started_at >= start)
    if end is not None:
        statement = statement.where(calls.c.started_at < end)
    if before is not None:
        statement = statement.where(tuple_(calls.c.started_at, calls.c.id) < tuple_(*before))
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
