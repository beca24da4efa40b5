"""Whether the ledger can be worked with."""

from __future__ import annotations

from ledger.queries.reader import Reader
from ledger.storage.schema import current_revision, newest_revision


def schema_is_current(reader: Reader) -> bool:
    """Whether the database answers and holds the schema of this version.

    Raises LedgerUnavailable when it does not answer.
    """
    with reader.connection() as connection:
        return current_revision(connection) == newest_revision()
