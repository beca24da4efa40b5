"""The calls that wait for a price: found by the rollups that count them, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text

from ledger.domain.joining import Key
from ledger.pricing.unpriced.reasons import USAGE_MISSING
from ledger.storage.database import Database

_TENANTS = text("SELECT tenant, rollup_seconds FROM tenants ORDER BY tenant")

_INTERVALS = text("""
    SELECT starts_at, array_agg(series_id) AS series
    FROM rollups WHERE tenant = :tenant AND unpriced_calls > 0 AND starts_at > :after
    GROUP BY starts_at ORDER BY starts_at LIMIT :most
""")

_CALLS = text("""
    SELECT started_at, id FROM current_calls
    WHERE tenant = :tenant AND started_at >= :starts_at
        AND started_at < :starts_at + make_interval(secs => :seconds)
        AND (started_at, id) > (:after, :after_id)
        AND series_id = ANY (:series) AND cost_status = 'unpriced'
        AND cost_reason <> ALL (:without_hope)
    ORDER BY started_at, id LIMIT :most
""")

_INTERVALS_AT_ONCE = 500
_LONG_AGO = "-infinity"


class Waiting(NamedTuple):
    """Some calls of one tenant that have no price."""

    tenant: str
    calls: list[Key]


def waiting_calls(database: Database, most: int) -> Iterator[Waiting]:
    """All calls that a price could be found for, some at a time.

    What is priced meanwhile is not given again. Raises LedgerUnavailable.
    """
    for tenant, seconds in _rows(database, _TENANTS):
        for interval in _intervals(database, tenant):
            yield from _of_interval(database, tenant, seconds, interval, most)


def _intervals(database: Database, tenant: str) -> Iterator[Any]:
    after: Any = _LONG_AGO
    number = _INTERVALS_AT_ONCE
    while number == _INTERVALS_AT_ONCE:
        found = _rows(database, _INTERVALS, tenant=tenant, after=after, most=_INTERVALS_AT_ONCE)
        yield from found
        number = len(found)
        if found:
            after = found[-1].starts_at


def _of_interval(
    database: Database, tenant: str, seconds: int, interval: Any, most: int
) -> Iterator[Waiting]:
    last: Key = (interval.starts_at, "")
    number = most
    while number == most:
        rows = _rows(
            database,
            _CALLS,
            tenant=tenant,
            starts_at=interval.starts_at,
            seconds=seconds,
            after=last[0],
            after_id=last[1],
            series=interval.series,
            without_hope=sorted(USAGE_MISSING),
            most=most,
        )
        calls: list[Key] = [(row.started_at, row.id) for row in rows]
        number = len(calls)
        if calls:
            last = calls[-1]
            yield Waiting(tenant, calls)


def _rows(database: Database, statement: TextClause, **parameters: Any) -> Sequence[Any]:
    with database.transaction("tollbook_ingest") as connection:
        return connection.execute(statement, parameters).all()
