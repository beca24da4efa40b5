"""Keeping the catalogs that were fetched, and an account of every attempt."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Select, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.commands.prices import count_change
from ledger.pricing.catalog import LIBRARY
from ledger.pricing.snapshots import (
    UnbelievableCatalog,
    number_of_models,
    providers_of,
    refuse_unbelievable,
)
from ledger.queries.pricing.in_force import CATALOG
from ledger.storage.database import Database
from ledger.storage.prices.tables import catalog_snapshots

CHANGED, UNCHANGED, FAILED = RESULTS = ("changed", "unchanged", "failed")
_ATTEMPTED = "attempted"
_LONGEST_DETAIL = 500

# Whoever's statement comes second finds the attempt of the first.
_CLAIM = text("""
    INSERT INTO catalog_refreshes AS made (result, refreshes)
    SELECT :attempted, 1 WHERE NOT EXISTS (
        SELECT FROM catalog_snapshots WHERE library = :library AND confirmed_at > now() - :every
    )
    ON CONFLICT (result) DO UPDATE SET refreshes = made.refreshes + 1, last_at = now()
    WHERE made.last_at <= now() - :again
    RETURNING refreshes
""")
_NOTE = text("""
    INSERT INTO catalog_refreshes AS made (result, refreshes, detail)
    VALUES (:result, 1, :detail)
    ON CONFLICT (result) DO UPDATE SET refreshes = made.refreshes + 1, last_at = now(),
        detail = excluded.detail
""")


class Refreshed(NamedTuple):
    """What became of a refresh."""

    result: str
    detail: str


def claim_refresh(database: Database, *, every: timedelta, again: timedelta) -> bool:
    """Whether the catalog is to be fetched by us now.

    It is when none was fetched for so long, and nobody tried for a while. Raises LedgerUnavailable.
    """
    parameters = {"attempted": _ATTEMPTED, "library": LIBRARY, "every": every, "again": again}
    with database.transaction("tollbook_ingest") as connection:
        return connection.execute(_CLAIM, parameters).first() is not None


def keep_catalog(database: Database, content: bytes, source: str) -> Refreshed:
    """Look fetched data over and keep it, for every process to price by within seconds.

    Data that nothing should be priced by is noted and left. Raises LedgerUnavailable.
    """
    try:
        providers = providers_of(content)
        with database.transaction("tollbook_ingest") as connection:
            before = _models_before(connection)
        refuse_unbelievable(providers, before)
    except UnbelievableCatalog as error:
        return note_failure(database, f"what {source} served {error}")
    digest = blake2b(content, digest_size=32).digest()
    models = number_of_models(providers)
    row = {
        "digest": digest,
        "library": LIBRARY,
        "source": source,
        "models": models,
        "content": zlib.compress(content),
    }
    with database.transaction("tollbook_ingest") as connection:
        is_new = _newest(connection) != digest
        now = count_change(connection, CATALOG) if is_new else datetime.now(UTC)
        statement = insert(catalog_snapshots).values(**row, fetched_at=now, confirmed_at=now)
        kept = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[catalog_snapshots.c.digest],
                set_={"library": kept.library, "confirmed_at": kept.confirmed_at},
            )
        )
        result = CHANGED if is_new else UNCHANGED
        return _noted(connection, Refreshed(result, f"{models} models from {source}"))


def note_failure(database: Database, reason: str) -> Refreshed:
    """Note that a refresh failed, and why. Raises LedgerUnavailable."""
    with database.transaction("tollbook_ingest") as connection:
        return _noted(connection, Refreshed(FAILED, reason[:_LONGEST_DETAIL]))


def _noted(connection: Connection, refreshed: Refreshed) -> Refreshed:
    connection.execute(_NOTE, refreshed._asdict())
    return refreshed


def _newest(connection: Connection) -> bytes | None:
    found = connection.execute(_latest(catalog_snapshots.c.digest)).scalar_one_or_none()
    return None if found is None else bytes(found)


def _models_before(connection: Connection) -> int:
    found: int | None = connection.execute(_latest(catalog_snapshots.c.models)).scalar()
    return number_of_models() if found is None else found


def _latest(column: Column[Any]) -> Select[Any]:
    """Of the catalog in use, as `newest_catalog` finds it."""
    return (
        select(column)
        .where(catalog_snapshots.c.library == LIBRARY)
        .order_by(catalog_snapshots.c.confirmed_at.desc())
        .limit(1)
    )
