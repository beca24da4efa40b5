"""Names of calls: every record that told of a call names it, whichever of them the books show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, column, select, table, text, tuple_

from ledger.domain.joining import Key
from ledger.domain.key_filters import key_of_name
from ledger.storage.joining_tables import copies
from ledger.storage.known_ids import days_of_id
from ledger.storage.tables import series

_current = table(
    "current_calls", *(column(name) for name in ("tenant", "started_at", "id", "series_id"))
)

# What was joined stands in copies, whatever it stood in before.
_RECORDS = """
    SELECT started_at, coalesce(call_started_at, started_at) AS call_started_at,
        coalesce(call_id, id) AS call_id
    FROM copies WHERE tenant = :tenant AND id = :id AND {when}
    UNION ALL
    SELECT started_at, started_at, id
    FROM calls WHERE tenant = :tenant AND id = :id AND {when} AND NOT EXISTS (
        SELECT FROM copies WHERE copies.tenant = calls.tenant
            AND copies.started_at = calls.started_at AND copies.id = calls.id
    )
    ORDER BY started_at DESC LIMIT :most
"""
_STARTING_THEN = text(_RECORDS.format(when="started_at = ANY (:starts)"))
_OF_DAY = text(_RECORDS.format(when="started_at >= :start AND started_at < :end"))
_LATELY = text("""
    SELECT DISTINCT started_at FROM call_keys
    WHERE tenant = :tenant AND own_key = :key AND id = :id
    ORDER BY started_at DESC LIMIT :most
""")
_MOST_RECORDS = 1000
"""Read of one day; an id that more records have is that of more than one call (see joining)."""
_DAY = timedelta(days=1)


class Named(NamedTuple):
    """A record of an id, and the call that it became."""

    started_at: datetime
    call_started_at: datetime
    call_id: str

    @property
    def call(self) -> Key:
        """Start and id of the call."""
        return (self.call_started_at, self.call_id)


def record_named(
    connection: Connection, *, tenant: str, call_id: str, started_at: datetime
) -> Named | None:
    """The booked record of an id that starts then."""
    found = _starting_then(connection, tenant, call_id, [started_at])
    return found[0] if found else None


def records_of_id(connection: Connection, *, tenant: str, call_id: str, most: int) -> list[Named]:
    """One record of each booked call that an id names, the latest first, `most` of them at most.

    Records that came lately are found by their keys. Of older ones is known on which days they may
    be; only those days are read.
    """
    key = key_of_name(tenant, call_id)
    told = {"tenant": tenant, "key": key, "id": call_id, "most": _MOST_RECORDS}
    # In this order: keys that are dropped in between are on the days by then.
    starts = list(connection.execute(_LATELY, told).scalars())
    found = _starting_then(connection, tenant, call_id, starts) if starts else []
    for day in days_of_id(connection, key):
        start = datetime.combine(day, time(), UTC)
        calls = _each_call_once(call_id, found)
        if sum(one.started_at >= start + _DAY for one in calls) >= most:
            break
        bounds = {"tenant": tenant, "id": call_id, "start": start, "end": start + _DAY}
        found += _named(connection.execute(_OF_DAY, {**bounds, "most": _MOST_RECORDS}))
    return _each_call_once(call_id, found)[:most]


def _starting_then(
    connection: Connection, tenant: str, call_id: str, starts: Sequence[datetime]
) -> list[Named]:
    parameters = {"tenant": tenant, "id": call_id, "starts": starts, "most": _MOST_RECORDS}
    return _named(connection.execute(_STARTING_THEN, parameters))


def _named(rows: Iterable[Any]) -> list[Named]:
    return [Named(*row) for row in rows]


def _each_call_once(call_id: str, records: Iterable[Named]) -> list[Named]:
    """Of the records of one call the one that names it, if it has the id."""
    found: dict[Key, Named] = {}
    for one in records:
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
