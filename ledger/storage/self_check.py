"""Holding what is counted against what it was counted from; any difference is a fault of ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from ledger.domain.ingest import Imbalance, calls_now, dead_letters_now, unbalanced_receivers

_DAY = text("""
    SELECT coalesce(sum(abs(cost)), 0), coalesce(sum(abs(calls)), 0) FROM (
        SELECT tenant, series_id, sum(cost) AS cost, sum(calls) AS calls FROM (
            SELECT tenant, series_id, sign * coalesce(cost_pico_usd, 0)::numeric AS cost,
                sign::bigint AS calls
            FROM entries
            WHERE started_at >= :start AND started_at < :end
            UNION ALL
            SELECT tenant, series_id, -cost_pico_usd, -calls FROM rollups
            WHERE starts_at >= :start AND starts_at < :end
        ) AS entries
        GROUP BY tenant, series_id
    ) AS differences
""")

_TOTALS = text("""
    SELECT coalesce(sum(abs(cost)), 0), coalesce(sum(abs(calls)), 0) FROM (
        SELECT tenant, series_id, sum(cost) AS cost, sum(calls) AS calls FROM (
            SELECT tenant, series_id, cost_pico_usd AS cost, calls FROM rollups
            UNION ALL
            SELECT tenant, series_id, -cost_pico_usd, -calls FROM totals
            UNION ALL
            SELECT tenant, series_id, cost_pico_usd, calls FROM credits
        ) AS entries
        GROUP BY tenant, series_id
    ) AS differences
""")

# One statement, so that all figures are of one moment.
_INGEST = text("""
    SELECT receiver, result, records::numeric FROM ingest_totals
    UNION ALL
    SELECT NULL, 'calls', (SELECT coalesce(sum(calls), 0) FROM totals)
        - (SELECT coalesce(sum(calls), 0) FROM credits)
    UNION ALL
    SELECT NULL, 'letters', count(*) FROM refused_records WHERE kind = 'dead_lettered'
""")

_NOTE = text("""
    INSERT INTO self_checks (scope, drift_pico_usd, records_off) VALUES (:scope, :drift, :records)
    ON CONFLICT (scope) DO UPDATE SET drift_pico_usd = excluded.drift_pico_usd,
        records_off = excluded.records_off, checked_at = now()
""")


class Off(NamedTuple):
    """By how much two places of the books differ, summed over series; (0, 0) when they agree."""

    pico_usd: int
    calls: int


def check_day(connection: Connection, scope: str, day: date) -> Off:
    """By how much the rollups of a UTC day are off its calls; noted under `scope`."""
    start = datetime.combine(day, time(), UTC)
    cost, calls = connection.execute(_DAY, {"start": start, "end": start + timedelta(days=1)}).one()
    return note(connection, scope, Off(int(cost), int(calls)))


def check_totals(connection: Connection) -> Off:
    """By how much the running totals are off the rollups; noted."""
    cost, calls = connection.execute(_TOTALS).one()
    return note(connection, "totals", Off(int(cost), int(calls)))


def check_ingest(connection: Connection) -> list[Imbalance]:
    """What of all that came in is not accounted for; noted.

    Every record received has one result, the calls that were booked are those in the ledger, and
    dead letters are there until they were replayed or dropped.
    """
    rows = connection.execute(_INGEST).all()
    counts = [
        (row.receiver, row.result, int(row.records)) for row in rows if row.receiver is not None
    ]
    there = {row.result: int(row.records) for row in rows if row.receiver is None}
    imbalances = [
        *unbalanced_receivers(counts),
        Imbalance("calls in the ledger", there["calls"], calls_now(counts)),
        Imbalance("dead letters", there["letters"], dead_letters_now(counts)),
    ]
    note(connection, "ingest", Off(0, sum(one.off for one in imbalances)))
    return [one for one in imbalances if one.off]


def note(connection: Connection, scope: str, off: Off) -> Off:
    """Keep what a check found; returns it."""
    connection.execute(_NOTE, {"scope": scope, "drift": off.pico_usd, "records": off.calls})
    return off
