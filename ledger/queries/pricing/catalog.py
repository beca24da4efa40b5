"""Where the catalog's prices come from, and how its refreshes went."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.queries.reader import Reader
from ledger.storage.prices.tables import catalog_refreshes, catalog_snapshots


class RefreshCount(NamedTuple):
    """How often refreshes ended in one way, and the last of them."""

    result: str
    refreshes: int
    last_at: datetime
    detail: str | None


def refresh_counts(reader: Reader) -> list[RefreshCount]:
    """Refreshes by result; `attempted` counts those that were begun by the job."""
    columns = [catalog_refreshes.c[name] for name in RefreshCount._fields]
    statement = select(*columns).order_by(catalog_refreshes.c.result)
    with reader.connection() as connection:
        return [RefreshCount(*row) for row in connection.execute(statement)]


def kept_catalogs(reader: Reader, limit: int = 20) -> list[dict[str, Any]]:
    """The catalogs that were fetched, the latest first."""
    names = ("fetched_at", "confirmed_at", "models", "library", "source")
    columns = [catalog_snapshots.c[name] for name in names]
    statement = select(*columns).order_by(catalog_snapshots.c.confirmed_at.desc()).limit(limit)
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
