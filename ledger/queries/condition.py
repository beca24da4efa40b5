"""In what condition the ledger is, for those who look after it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
from sqlalchemy import func, select, text

from ledger.queries.reader import Reader
from ledger.storage.schema import current_revision
from ledger.storage.tables import refused_records, self_checks

_SERVER = text("SELECT current_setting('server_version'), clock_timestamp()")
_NEWEST_DAY = text("""
    SELECT max(substring(relname FROM '^calls_([0-9]{8})$'))
    FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
    WHERE inhparent = 'calls'::regclass
""")


class Server(msgspec.Struct, frozen=True):
    """The Postgres behind the ledger."""

    version: str
    clock: datetime
    revision: str | None
    """Of the schema; None when the database holds no ledger."""


class SelfCheck(msgspec.Struct, frozen=True):
    """What the last check of one part of the books found."""

    scope: str
    drift_pico_usd: int
    records_off: int
    checked_at: datetime

    @property
    def takes_turns(self) -> bool:
        """Whether it is one of numbered parts, of which the job checks one or two at a time."""
        return self.scope.rpartition(" ")[2].isdigit()


def server(reader: Reader) -> Server:
    """Version, clock and schema of the server. Raises LedgerUnavailable."""
    with reader.connection() as connection:
        version, clock = connection.execute(_SERVER).one()
        return Server(version, clock.astimezone(UTC), current_revision(connection))


def newest_day(reader: Reader) -> date | None:
    """The latest UTC day that calls can be booked on without making room first."""
    with reader.connection() as connection:
        newest = connection.execute(_NEWEST_DAY).scalar_one()
    return date.fromisoformat(newest) if newest else None


def last_self_checks(reader: Reader) -> list[SelfCheck]:
    """The last self-check of every scope."""
    columns = [self_checks.c[name] for name in SelfCheck.__struct_fields__]
    statement = select(*columns).order_by(self_checks.c.scope)
    with reader.connection() as connection:
        return [
            SelfCheck(row.scope, int(row.drift_pico_usd), row.records_off, row.checked_at)
            for row in connection.execute(statement)
        ]


def dead_letters(reader: Reader) -> int:
    """How many acknowledged records failed for good and are kept."""
    statement = select(func.count()).where(refused_records.c.kind == "dead_lettered")
    with reader.connection() as connection:
        return int(connection.execute(statement).scalar_one())
