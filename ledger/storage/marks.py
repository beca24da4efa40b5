"""The places up to which sources have been read, as they were booked with the calls themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from ledger.storage.database import Database
from ledger.storage.tables import ingest_marks


class KeptMark(NamedTuple):
    """How far one source has been booked."""

    source: str
    place: int
    detail: dict[str, Any]
    marked_at: datetime


def marks_of(database: Database, prefix: str) -> list[KeptMark]:
    """The marks of all sources whose name begins with `prefix`. Raises LedgerUnavailable."""
    table = ingest_marks
    statement = (
        select(table.c.source, table.c.place, table.c.detail, table.c.marked_at)
        .where(table.c.source.startswith(prefix, autoescape=True))
        .order_by(table.c.marked_at, table.c.source)
    )
    with database.transaction("tollbook_ingest") as connection:
        return [
            KeptMark(row.source, row.place, row.detail or {}, row.marked_at)
            for row in connection.execute(statement)
        ]


def forget_marks(database: Database, sources: Sequence[str]) -> None:
    """Remove the marks of sources that will never be read again. Raises LedgerUnavailable."""
    if sources:
        with database.transaction("tollbook_ingest") as connection:
            connection.execute(delete(ingest_marks).where(ingest_marks.c.source.in_(sources)))
