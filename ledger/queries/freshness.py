"""How fresh the ledger is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from ledger.queries.reader import Reader
from ledger.storage.tables import calls, rollups

_FIRST = select(func.min(rollups.c.starts_at))
_LOOK_BACK = timedelta(days=2)


def latest_call(reader: Reader, tenant: str | None = None) -> datetime | None:
    """Start of the latest call of the last two days, None when there was none."""
    statement = select(func.max(calls.c.started_at)).where(
        calls.c.started_at > datetime.now(UTC) - _LOOK_BACK
    )
    if tenant is not None:
        statement = statement.where(calls.c.tenant == tenant)
    with reader.connection() as connection:
        latest: datetime | None = connection.execute(statement).scalar_one()
        return latest


def first_hour(reader: Reader, tenant: str | None = None) -> datetime | None:
    """The hour of the first call ever, None when there was none."""
    statement = _FIRST if tenant is None else _FIRST.where(rollups.c.tenant == tenant)
    with reader.connection() as connection:
        first: datetime | None = connection.execute(statement).scalar_one()
        return first
