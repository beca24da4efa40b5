"""Whether the ledger can be worked with."""

from __future__ import annotations

from sqlalchemy import text

from ledger.queries.reader import Reader
from ledger.storage.schema import current_revision, newest_revision

_TAKES_WRITES = text("SELECT NOT current_setting('transaction_read_only')::boolean")


def schema_is_current(reader: Reader) -> bool:
    """Whether the database answers and holds the schema of this version.

    Raises LedgerUnavailable when it does not answer.
    """
    with reader.connection() as connection:
        return current_revision(connection) == newest_revision()


def takes_writes(reader: Reader) -> bool:
    """Whether the database takes writes; a standby does not. Raises LedgerUnavailable."""
    with reader.connection() as connection:
        return bool(connection.execute(_TAKES_WRITES).scalar_one())
