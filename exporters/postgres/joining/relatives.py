"""Finding the earlier records of calls: by their keys, and back to what they said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import dict_row

from exporters.postgres.joining.keys import CallKeys
from ledger.domain.calls import Call, Cost
from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.domain.joining import Key, key_of
from ledger.domain.usage import TOKEN_FIELDS, Usage

_MOST_RECORDS = 1000
"""Of one family of records; more than this is a sender that repeats its ids without end."""

_FIND = """
    WITH wanted AS (
        SELECT * FROM unnest(%(tenants)s::text[], %(own)s::bigint[], %(response)s::bigint[],
            %(parent)s::bigint[]) AS wanted (tenant, own, response, parent)
    ),
    found AS (
        SELECT k.* FROM wanted JOIN call_keys AS k
            ON k.tenant = wanted.tenant AND k.own_key = wanted.own
        UNION ALL
        SELECT k.* FROM wanted JOIN call_keys AS k
            ON k.tenant = wanted.tenant AND k.response_key = wanted.response
        UNION ALL
        SELECT k.* FROM wanted JOIN call_keys AS k
            ON k.tenant = wanted.tenant AND k.own_key = wanted.parent
        UNION ALL
        SELECT k.* FROM wanted JOIN call_keys AS k
            ON k.tenant = wanted.tenant AND k.parent_key = wanted.own
    )
    SELECT DISTINCT ON (tenant, started_at, id)
        tenant, started_at, id, arrived_at, own_key, response_key, parent_key, source,
        parent_span_id
    FROM found WHERE arrived_at >= %(since)s
    ORDER BY tenant, started_at, id, arrived_at
"""

_COPIES = """
    SELECT tenant, started_at, id, record FROM copies
    JOIN unnest(%(tenants)s::text[], %(starts)s::timestamptz[], %(ids)s::text[])
        AS wanted (tenant, started_at, id) USING (tenant, started_at, id)
"""

_CURRENT = """
    SELECT current_calls.*, {dimensions} FROM {table} AS current_calls
    JOIN unnest(%(tenants)s::text[], %(starts)s::timestamptz[], %(ids)s::text[])
        AS wanted (tenant, started_at, id) USING (tenant, started_at, id)
    JOIN series USING (tenant, series_id)
"""
_DIMENSIONS = ", ".join(f"series.{name}" for name in SERIES_DIMENSIONS)
_BOOKED_NOW = _CURRENT.format(dimensions=_DIMENSIONS, table="current_calls")
_BOOKED_FIRST = _CURRENT.format(dimensions=_DIMENSIONS, table="calls")


class Told(NamedTuple):
    """Where an earlier record stands and what it can be found by."""

    tenant: str
    started_at: datetime
    id: str
    arrived_at: datetime
    own: int
    response: int | None
    parent: int | None
    source: str
    parent_span_id: str | None

    @property
    def key(self) -> Key:
        """Start and id."""
        return (self.started_at, self.id)


class BookedCall(NamedTuple):
    """A call as it stands in the books."""

    call: Call
    cost: Cost


def find_told(
    connection: psycopg.Connection[Any],
    tenants: Sequence[str],
    keys: Sequence[CallKeys],
    since: datetime,
) -> list[Told]:
    """The earlier records that may be related to the ones with these keys, one step away."""
    rows = connection.execute(
        _FIND,
        {
            "tenants": list(tenants),
            "own": [key.own for key in keys],
            "response": [key.response for key in keys],
            "parent": [key.parent for key in keys],
            "since": since,
        },
    ).fetchall()
    return [Told(*row) for row in rows]


def whole_families(
    connection: psycopg.Connection[Any], found: Sequence[Told], since: datetime
) -> list[Told]:
    """The records found and all that are related to them over any number of steps."""
    known = {(told.tenant, told.key): told for told in found}
    latest = list(known.values())
    while latest and len(known) < _MOST_RECORDS:
        keys = [CallKeys(told.own, told.response, told.parent) for told in latest]
        steps = find_told(connection, [told.tenant for told in latest], keys, since)
        latest = [told for told in steps if (told.tenant, told.key) not in known]
        known |= {(told.tenant, told.key): told for told in latest}
    return list(known.values())


def records_of(
    connection: psycopg.Connection[Any], told: Iterable[Told]
) -> dict[tuple[str, Key], Call]:
    """The earlier records as they came: from the copies, or else from the books."""
    wanted = {(one.tenant, one.key): one for one in told}
    parameters = _keys(wanted)
    records = {
        (tenant, (started_at, name)): msgspec.convert(record, Call)
        for tenant, started_at, name, record in connection.execute(_COPIES, parameters)
        if record is not None
    }
    for key, booked in _booked(connection, _BOOKED_FIRST, parameters).items():
        if key not in records:
            _, _, scope = wanted[key].source.partition(" ")
            records[key] = msgspec.structs.replace(
                booked.call, scope=scope, parent_span_id=wanted[key].parent_span_id
            )
    return records


def booked_now(
    connection: psycopg.Connection[Any], keys: Iterable[tuple[str, Key]]
) -> dict[tuple[str, Key], BookedCall]:
    """How the books show these calls now; those that are no calls of their own are left out."""
    return _booked(connection, _BOOKED_NOW, _keys(keys))


def known_copies(
    connection: psycopg.Connection[Any], calls: Sequence[Call]
) -> set[tuple[str, Key]]:
    """Which of these records came before and were joined with others."""
    wanted = [(call.tenant, key_of(call)) for call in calls]
    rows = connection.execute(_COPIES, _keys(wanted)).fetchall()
    return {(tenant, (started_at, name)) for tenant, started_at, name, _ in rows}


def _keys(keys: Iterable[tuple[str, Key]]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "tenants": [tenant for tenant, _ in listed],
        "starts": [started_at for _, (started_at, _) in listed],
        "ids": [name for _, (_, name) in listed],
    }


def _booked(
    connection: psycopg.Connection[Any], statement: str, parameters: dict[str, list[Any]]
) -> dict[tuple[str, Key], BookedCall]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, parameters).fetchall()
    return {(row["tenant"], (row["started_at"], row["id"])): _from_row(row) for row in rows}


_PLAIN = tuple(
    name for name in Call.__struct_fields__
    if name not in ("usage", "user", "session", "scope", "parent_span_id")
)  # fmt: skip


def _from_row(row: dict[str, Any]) -> BookedCall:
    call = Call(
        **{name: row[name] for name in _PLAIN},
        user=row["user_id"],
        session=row["session_id"],
        usage=Usage(**{name: row[name] for name in TOKEN_FIELDS}),
    )
    cost = Cost(row["cost_status"], row["cost_pico_usd"], row["cost_reason"], row["price_version"])
    return BookedCall(call, cost)
