"""The marks by which a spooled request that was booked already is recognised."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import text

from exporters.postgres.batches import Mark
from ledger.storage.database import Database

_PREFIX = "spool:"

_ASK = text("SELECT 1")
_STANDING = text("SELECT source FROM ingest_marks WHERE starts_with(source, :prefix)")
_FORGET = text("DELETE FROM ingest_marks WHERE source = ANY(:sources)")


def spool_mark(spool: str, file: str, position: int) -> Mark:
    """The mark of one request of a spool file; each has a source of its own."""
    return Mark(source=f"{_PREFIX}{spool}:{file}:{position}", place=position)


class SpoolMarks:
    """The marks of spooled requests in one ledger.

    A mark is written in the transaction that books its request and forgotten once the file is
    deleted, so that whatever dies in between, a request is booked by exactly one transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self) -> None:
        """Ask Postgres something small. Raises LedgerUnavailable when it does not answer."""
        with self._database.transaction("tollbook_ingest") as connection:
            connection.execute(_ASK)

    def forget(self, marks: Sequence[Mark]) -> None:
        """Delete the marks of requests whose files are gone. Raises LedgerUnavailable."""
        self._forget([mark.source for mark in marks])

    def forget_gone(self, spool: str, files: Collection[str]) -> None:
        """Delete the marks of one spool that belong to none of its files any more.

        They are left by a process that died after it deleted a file. Raises LedgerUnavailable.
        """
        prefix = f"{_PREFIX}{spool}:"
        present = set(files)
        with self._database.transaction("tollbook_ingest") as connection:
            standing = connection.execute(_STANDING, {"prefix": prefix}).scalars().all()
        self._forget(
            [
                source
                for source in standing
                if source.removeprefix(prefix).rpartition(":")[0] not in present
            ]
        )

    def _forget(self, sources: list[str]) -> None:
        if sources:
            with self._database.transaction("tollbook_ingest") as connection:
                connection.execute(_FORGET, {"sources": sources})
