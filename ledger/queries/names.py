"""Names of calls: every record that told of a call names it, whichever of them the books show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, column, select, table, text, tuple_

from ledger.domain.joining import Key
from ledger.storage.joining_tables import copies
from ledger.storage.tables import series

_current = table(
    "current_calls", *(column(name) for name in ("tenant", "started_at", "id", "series_id"))
)

# What was joined stands in copies, whatever it stood in before.
_RECORDS = """
    SELECT started_at, coalesce(call_started_at, started_at) AS call_started_at,
        coalesce(call_id, id) AS call_id
    FROM copies WHERE tenant = :tenant AND id = :id {when}
    UNION ALL
    SELECT started_at, started_at, id
    FROM calls WHERE tenant = :tenant AND id = :id {when} AND NOT EXISTS (
        SELECT FROM copies WHERE copies.tenant = calls.tenant
            AND copies.started_at = calls.started_at AND copies.id = calls.id
    )
"""
_RECORD = text(_RECORDS.format(when="AND started_at = :started_at"))
_OF_ID = text(_RECORDS.format(when=""))


class Named(NamedTuple):
    """A record of an id, and the call that it became."""

    started_at: datetime
    call_started_at: datetime
    call_id: str

    @property
    def call(self) -> Key:
        """Start and id of the call."""
        return (self.call_started_at, self.call_id)


def records_of_id(
    connection: Connection, *, tenant: str, call_id: str, started_at: datetime | None = None
) -> list[Named]:
    """One record of each booked call that an id names, the newest first; see `started_at`.

    With a start it is the record that starts then.
    """
    if started_at is not None:
        rows = connection.execute(
            _RECORD, {"tenant": tenant, "id": call_id, "started_at": started_at}
        )
        return [Named(*row) for row in rows]
    found: dict[Key, Named] = {}
    for row in connection.execute(_OF_ID, {"tenant": tenant, "id": call_id}):
        one = Named(*row)
        if one.call not in found or (one.started_at, call_id) == one.call:
            found[one.call] = one
    return sorted(found.values(), reverse=True)


def names_of_calls(connection: Connection, *, tenant: str, calls: Sequence[Key]) -> list[Key]:
    """Starts and ids of all records that became these calls, and of the calls themselves."""
    statement = select(copies.c.started_at, copies.c.id).where(
        copies.c.tenant == tenant, tuple_(copies.c.call_started_at, copies.c.call_id).in_(calls)
    )
    return [*calls, *((row.started_at, row.id) for row in connection.execute(statement))]


def described(
    connection: Connection, *, tenant: str, records: Sequence[Named]
) -> list[dict[str, Any]]:
    """The starts of records with provider and model of the calls they became, in the same order."""
    statement = (
        select(_current.c.started_at, _current.c.id, series.c.provider, series.c.model)
        .join(series, series.c.series_id == _current.c.series_id)
        .where(
            _current.c.tenant == tenant,
            series.c.tenant == tenant,
            tuple_(_current.c.started_at, _current.c.id).in_([one.call for one in records]),
        )
    )
    models = {(row.started_at, row.id): row for row in connection.execute(statement)}
    return [
        {
            "started_at": one.started_at,
            "provider": models[one.call].provider,
            "model": models[one.call].model,
        }
        for one in records
        if one.call in models
    ]
