"""Going through a tenant's calls as they stand now, a page at a time.

With what prices them, and with the user, the tags and the reservation that they count under.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from ledger.domain.calls import Call, Cost
from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.domain.usage import TOKEN_FIELDS, Usage

_FIELDS = {
    "request_model": "request_model",
    "error_type": "error_type",
    "service_tier": "service_tier",
    "cache_hit": "cache_hit",
    "user": "user_id",
    "reservation_id": "reservation_id",
    "tags": "tags",
}
"""Fields of a call and their columns."""
_COST = ("cost_status", "cost_pico_usd", "cost_reason")
_NAMES = ", ".join(("uuid_send(series_id)", *_COST, *_FIELDS.values(), *TOKEN_FIELDS))
_BOUNDS = """tenant = %(tenant)s AND started_at >= %(since)s AND started_at < %(end)s
            AND (started_at, id) > (%(since)s, %(after)s)"""

# Of a call the latest state comes first; what was booked at first is its revision 0.
_PAGE = f"""
    SELECT * FROM (
        (SELECT started_at, id, 0 AS revision, 1 AS sign, {_NAMES} FROM calls
        WHERE {_BOUNDS} ORDER BY started_at, id LIMIT %(limit)s)
        UNION ALL
        (SELECT DISTINCT ON (started_at, id) started_at, id, revision, sign, {_NAMES}
        FROM corrections WHERE {_BOUNDS}
        ORDER BY started_at, id, revision DESC, sign DESC LIMIT %(limit)s)
    ) AS states
    ORDER BY started_at, id, revision DESC
"""  # noqa: S608 - made of our own names
_SERIES = f"""
    SELECT uuid_send(series_id), {", ".join(SERIES_DIMENSIONS)} FROM series
    WHERE tenant = %s AND series_id = ANY(%s)
"""  # noqa: S608 - made of our own names

_FIRST_FIELD = 5 + len(_COST)
_FIRST_TOKENS = _FIRST_FIELD + len(_FIELDS)
_MOST_SERIES = 200_000

CallPlace = tuple[datetime, str]
"""Start and id of a call of the tenant."""


class State(NamedTuple):
    """A call as it stands, with what its price depends on."""

    call: Call
    cost: Cost
    """Without its price version."""
    series: bytes
    revision: int
    """How often it was corrected so far."""


class Page(NamedTuple):
    """Some calls in the order of their starts and ids."""

    states: list[State]
    last: CallPlace | None
    """How far it goes; None: to the end of the period."""


class Pages:
    """Reads pages; remembers what the dimensions of series are."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, bytes], dict[str, Any]] = {}

    def read(
        self,
        connection: psycopg.Connection[Any],
        tenant: str,
        period: tuple[datetime, datetime],
        after: CallPlace | None,
        limit: int,
    ) -> Page:
        """The calls of a tenant that start in a period, those after a place, `limit` at most."""
        since, name = after or (period[0], "")
        parameters = {
            "tenant": tenant,
            "since": since,
            "after": name,
            "end": period[1],
            "limit": limit,
        }
        rows, last = _cut(connection.execute(_PAGE, parameters, binary=True).fetchall(), limit)
        self._learn(connection, tenant, {row[4] for row in rows})
        return Page(
            [self._state(tenant, row) for row in _standing(rows)],
            last,
        )

    def _learn(
        self, connection: psycopg.Connection[Any], tenant: str, wanted: Iterable[bytes]
    ) -> None:
        missing = [one for one in wanted if (tenant, one) not in self._series]
        if not missing:
            return
        if len(self._series) > _MOST_SERIES:
            self._series.clear()
            missing = list(wanted)
        identifiers = [UUID(bytes=one) for one in missing]
        for one, *values in connection.execute(_SERIES, (tenant, identifiers), binary=True):
            self._series[tenant, one] = dict(zip(SERIES_DIMENSIONS, values, strict=True))

    def _state(self, tenant: str, row: Sequence[Any]) -> State:
        started_at, name, revision, _, series, *cost = row[:_FIRST_FIELD]
        call = Call(
            tenant=tenant,
            id=name,
            started_at=started_at,
            usage=Usage(**dict(zip(TOKEN_FIELDS, row[_FIRST_TOKENS:], strict=True))),
            **dict(zip(_FIELDS, row[_FIRST_FIELD:_FIRST_TOKENS], strict=True)),
            **self._series[tenant, series],
        )
        return State(call, Cost(*cost), series, revision)


def _cut(
    rows: Sequence[Sequence[Any]], limit: int
) -> tuple[Sequence[Sequence[Any]], CallPlace | None]:
    """The rows up to where one of both halves ends at its limit; beyond it there may be more."""
    of_half = [0, 0]
    for place, row in enumerate(rows, 1):
        of_half[row[2] > 0] += 1
        if limit in of_half:
            return rows[:place], (row[0], row[1])
    return rows, None


def _standing(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """The latest row of every call, without calls that became part of others."""
    before = None
    for row in rows:
        key = row[0], row[1]
        if key != before and row[3] == 1:
            yield row
        before = key
