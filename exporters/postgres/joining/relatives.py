"""Finding the earlier records of calls: by their keys, and back to what they said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import psycopg
from psycopg.rows import dict_row

from exporters.postgres.joining.keys import CallKeys, below
from exporters.postgres.joining.seen_keys import Flags
from exporters.postgres.rows import Row, call_row
from ledger.domain.calls import Call, Cost
from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.domain.joining import MOST_TELLINGS, Key, Worn, key_of
from ledger.domain.key_filters import KeyArray
from ledger.domain.merging import parent_id
from ledger.domain.usage import TOKEN_FIELDS, Usage

_FEW_RECORDS = 1000
_MOST_A_RECORD = 10
"""Bounds of all families of a booking; what is incomplete because of them stays apart."""

_RELATIONS = ("own", "response", "parent")
"""A record's own key, its response's, and that of the span above it."""

_OWN, _RESPONSE, _PARENT = range(3)

_OF_RELATION = """
    SELECT {number}, wanted.key, told.*
    FROM unnest(%({name}_tenants)s::text[], %({name})s::bigint[]) AS wanted (tenant, key)
    CROSS JOIN LATERAL (
        SELECT tenant, started_at, id, arrived_at, own_key, response_key, parent_key, source,
            parent_span_id
        FROM call_keys
        WHERE call_keys.tenant = wanted.tenant AND {name}_key = wanted.key
            AND arrived_at >= %(since)s
        LIMIT {limit}
    ) AS told
"""
_FIND = " UNION ALL ".join(
    _OF_RELATION.format(number=number, name=name, limit=MOST_TELLINGS + 1)
    for number, name in enumerate(_RELATIONS)
)

_NAMED = """
    SELECT tenant, started_at, id
    FROM unnest(%(tenants)s::text[], %(starts)s::timestamptz[], %(ids)s::text[])
        AS wanted (tenant, started_at, id)
    WHERE EXISTS (SELECT FROM copies WHERE (copies.tenant, copies.started_at, copies.id)
            = (wanted.tenant, wanted.started_at, wanted.id))
        OR EXISTS (SELECT FROM calls WHERE (calls.tenant, calls.started_at, calls.id)
            = (wanted.tenant, wanted.started_at, wanted.id))
"""

_COPIES = """
    SELECT tenant, started_at, id, record::text FROM copies
    JOIN unnest(%(tenants)s::text[], %(starts)s::timestamptz[], %(ids)s::text[])
        AS wanted (tenant, started_at, id) USING (tenant, started_at, id)
"""

_CURRENT = f"""
    SELECT current_calls.*, {", ".join(f"series.{name}" for name in SERIES_DIMENSIONS)}
    FROM current_calls
    JOIN unnest(%(tenants)s::text[], %(starts)s::timestamptz[], %(ids)s::text[])
        AS wanted (tenant, started_at, id) USING (tenant, started_at, id)
    JOIN series USING (tenant, series_id)
"""  # noqa: S608 - made of our own names

MayBeTold = Callable[[KeyArray], Flags]
"""For each key whether any record may have told it; what was certainly not is not looked up."""

_read_record = msgspec.json.Decoder(Call).decode
_NO_COST = Cost("unpriced", None)


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


class Found(NamedTuple):
    """Earlier records, and the names among those asked for that too many records tell."""

    told: list[Told]
    worn: set[tuple[int, int]]
    """By relation and key."""


class BookedCall(NamedTuple):
    """A call as it stands in the books."""

    call: Call
    cost: Cost


def find_told(
    connection: psycopg.Connection[Any],
    keys: Iterable[tuple[str, CallKeys]],
    since: datetime,
    may_be_told: MayBeTold,
) -> Found:
    """The earlier records that may be related to the ones with these keys, one step away."""
    parameters: dict[str, Any] = {"since": since}
    asked = 0
    for name, pairs in zip(_RELATIONS, _wanted(keys, may_be_told), strict=True):
        parameters[f"{name}_tenants"] = [tenant for tenant, _ in pairs]
        parameters[name] = [key for _, key in pairs]
        asked += len(pairs)
    by_name: defaultdict[tuple[int, int], list[Told]] = defaultdict(list)
    if asked:
        for relation, key, *told in connection.execute(_FIND, parameters).fetchall():
            by_name[relation, key].append(Told(*told))
    worn = {name for name, told in by_name.items() if len(told) > MOST_TELLINGS}
    found = {
        (one.tenant, one.key): one
        for name, told in by_name.items()
        if name not in worn
        for one in told
    }
    return Found(list(found.values()), worn)


def _wanted(
    keys: Iterable[tuple[str, CallKeys]], may_be_told: MayBeTold
) -> Iterator[list[tuple[str, int]]]:
    """What to look up by relation, without what was certainly not told."""
    wanted: tuple[set[tuple[str, int]], ...] = (set(), set(), set())
    for tenant, (own, response, parent) in keys:
        wanted[_OWN].add((tenant, own))
        wanted[_PARENT].add((tenant, own))
        if response is not None:
            wanted[_RESPONSE].add((tenant, response))
        if parent is not None:
            wanted[_OWN].add((tenant, parent))
    for relation, pairs in enumerate(wanted):
        listed = list(pairs)
        digests = np.array([key for _, key in listed], dtype=np.int64).view(np.uint64)
        told = may_be_told(below(digests) if relation == _PARENT else digests)
        yield [listed[place] for place in told.nonzero()[0].tolist()]


def whole_families(
    connection: psycopg.Connection[Any],
    found: Sequence[Told],
    since: datetime,
    may_be_told: MayBeTold,
) -> Found:
    """The records found and all that are related to them over any number of steps."""
    known = {(told.tenant, told.key): told for told in found}
    worn: set[tuple[int, int]] = set()
    latest = list(known.values())
    most = max(_FEW_RECORDS, len(known) * _MOST_A_RECORD)
    while latest and len(known) < most:
        keys = [(told.tenant, CallKeys(told.own, told.response, told.parent)) for told in latest]
        step = find_told(connection, keys, since, may_be_told)
        worn |= step.worn
        latest = [told for told in step.told if (told.tenant, told.key) not in known]
        known |= {(told.tenant, told.key): told for told in latest}
    return Found(list(known.values()), worn)


def worn_names(records: Iterable[tuple[Call, CallKeys]], worn: Set[tuple[int, int]]) -> Worn:
    """What the records' names are whose keys were told too often."""
    ids, responses, parents = set(), set(), set()
    if worn:
        for call, keys in records:
            if (_OWN, keys.own) in worn:
                ids.add(call.id)
            if call.response_id and (_RESPONSE, keys.response) in worn:
                responses.add(call.response_id)
            if (above := parent_id(call)) and (_PARENT, keys.parent) in worn:
                parents.add(above)
    return Worn(frozenset(ids), frozenset(responses), frozenset(parents))


def same_in_books(one: Call, other: Call) -> bool:
    """Whether the books would show both alike, price aside."""
    return (
        one.series == other.series
        and (one.tags or None) == (other.tags or None)
        and (one.raw_usage or None) == (other.raw_usage or None)
        and _plain_row(one) == _plain_row(other)
    )


def _plain_row(call: Call) -> Row:
    return call_row(msgspec.structs.replace(call, tags=None, raw_usage=None), _NO_COST, b"")


def records_of(
    connection: psycopg.Connection[Any],
    told: Iterable[Told],
    booked: Mapping[tuple[str, Key], BookedCall],
) -> dict[tuple[str, Key], Call]:
    """The earlier records as they came; those of which only the name is kept are left out.

    What never was joined stands in the books as it came.
    """
    wanted = {(one.tenant, one.key): one for one in told}
    records = {}
    for key in wanted.keys() & booked.keys():
        _, _, scope = wanted[key].source.partition(" ")
        records[key] = msgspec.structs.replace(
            booked[key].call, scope=scope, parent_span_id=wanted[key].parent_span_id
        )
    for tenant, started_at, name, record in connection.execute(_COPIES, _keys(wanted)):
        if record is None:
            records.pop((tenant, (started_at, name)), None)
        else:
            records[tenant, (started_at, name)] = _read_record(record)
    return records


def booked_now(
    connection: psycopg.Connection[Any], keys: Iterable[tuple[str, Key]]
) -> dict[tuple[str, Key], BookedCall]:
    """How the books show these calls now; those that are no calls of their own are left out."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_CURRENT, _keys(keys)).fetchall()
    return {(row["tenant"], (row["started_at"], row["id"])): _from_row(row) for row in rows}


def known_copies(
    connection: psycopg.Connection[Any], calls: Sequence[Call]
) -> set[tuple[str, Key]]:
    """Which of these records came before and were joined with others."""
    wanted = [(call.tenant, key_of(call)) for call in calls]
    rows = connection.execute(_COPIES, _keys(wanted)).fetchall()
    return {(tenant, (started_at, name)) for tenant, started_at, name, _ in rows}


def known_by_name(
    connection: psycopg.Connection[Any], calls: Sequence[Call]
) -> set[tuple[str, Key]]:
    """Which of these records came before, whether they were joined or not."""
    wanted = [(call.tenant, key_of(call)) for call in calls]
    rows = connection.execute(_NAMED, _keys(wanted)).fetchall()
    return {(tenant, (started_at, name)) for tenant, started_at, name in rows}


def _keys(keys: Iterable[tuple[str, Key]]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "tenants": [tenant for tenant, _ in listed],
        "starts": [started_at for _, (started_at, _) in listed],
        "ids": [name for _, (_, name) in listed],
    }


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
