"""The marks by which a spooled request that was booked already is recognised."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text

from exporters.postgres.batches import Mark
from ledger.storage.database import Database
from ledger.storage.turns import TURN

_PREFIX = "spool:"

_WAIT = text(f"SELECT {TURN}")
_STANDING = text("SELECT source FROM ingest_marks WHERE starts_with(source, :prefix)")
_FORGET = text("DELETE FROM ingest_marks WHERE source = ANY(:sources)")


def spool_mark(spool: str, file: str, position: int) -> Mark:
    """The mark of one request of a spool file; each has a source of its own."""
    return Mark(source=f"{_PREFIX}{spool}:{file}:{position}", place=position)


def marked_file(source: str) -> str:
    """The spool file that a mark is of."""
    return source.split(":", 2)[2].rpartition(":")[0]


class SpoolMarks:
    """The marks of spooled requests in one ledger.

    A mark is written in the transaction that books its request, and forgotten once the file is
    deleted.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, spool: str) -> set[str]:
        """Sources of the marks that stand of one spool. Raises LedgerUnavailable.

        A booking whose process was killed may still be committing: its end is waited for, so what
        does not stand after this was not booked and will not be.
        """
        with self._database.transaction("tollbook_ingest") as connection:
            connection.execute(_WAIT)
            marks = connection.execute(_STANDING, {"prefix": f"{_PREFIX}{spool}:"})
            return set(marks.scalars())

    def forget(self, sources: Collection[str]) -> None:
        """Delete the marks of requests whose files are gone. Raises LedgerUnavailable."""
        if sources:
            with self._database.transaction("tollbook_ingest") as connection:
                connection.execute(_FORGET, {"sources": list(sources)})
