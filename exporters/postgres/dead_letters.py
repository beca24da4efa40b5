"""Keeping calls that failed after their sender was told that they are safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from exporters.postgres.batches import Batch, Booked
from exporters.postgres.counts import count_records, keep_marks
from exporters.postgres.evidence import keep_refusals, storable
from ledger.domain.calls import Call
from ledger.domain.dead_letters import letter_payload
from ledger.storage.database import Database, driver_connection

_KEEP = """
    INSERT INTO refused_records (
        tenant, kind, receiver, position, path, reason, payload, call_id, started_at, replayable
    )
    VALUES (%s, 'dead_lettered', %s, %s, '', %s, %s, %s, %s, %s)
"""

_COUNT = """
    INSERT INTO ingest_totals (receiver, result, records)
    VALUES (%(receiver)s, 'dead_lettered', %(records)s), (%(receiver)s, 'received', %(records)s)
    ON CONFLICT (receiver, result) DO UPDATE SET records = ingest_totals.records + excluded.records
"""


def keep_dead_letters(
    connection: psycopg.Connection[Any],
    receiver: str,
    calls_with_reason: Sequence[tuple[Call, str]],
) -> None:
    """Keep calls that cannot be booked, each with what went wrong, and count them.

    They are counted here as received and as dead-lettered, so leave them out of the batch that is
    booked. Runs in the transaction of the caller, as the role tollbook_ingest: letters and their
    count are there together or not at all. Call it in the transaction that says that the calls need
    not come again (the mark of a file or a spool), so that a crash neither loses nor doubles them.
    """
    rows = [
        _row(receiver, position, call, reason)
        for position, (call, reason) in enumerate(calls_with_reason)
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, rows)
        cursor.execute(_COUNT, {"receiver": receiver, "records": len(rows)})


def dead_letter_request(
    database: Database, calls: Sequence[Call], rest: Batch, reason: str
) -> None:
    """Keep a request that cannot be booked: its calls as letters, everything else as it is booked.

    `rest` is the request without its calls: what was refused and ignored of it, and its mark, which
    says that it is settled. Raises LedgerUnavailable; then nothing was kept, unless the answer to
    the commit was lost: the mark tells.
    """
    with database.transaction("tollbook_ingest") as connection:
        driver = driver_connection(connection)
        keep_dead_letters(driver, rest.receiver, [(call, reason) for call in calls])
        keep_refusals(driver, [rest])
        keep_marks(driver, [rest])
        count_records(
            driver, [rest], [Booked(booked=0, duplicate=0)], joined_later=0, parted_later=0
        )


def _row(receiver: str, position: int, call: Call, reason: str) -> tuple[Any, ...]:
    payload, replayable = letter_payload(call)
    return (
        storable(call.tenant),
        receiver,
        position,
        storable(reason),
        payload,
        storable(call.id),
        call.started_at,
        replayable,
    )
