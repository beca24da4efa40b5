"""COPY of calls and their keys straight into the partitions of their days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import UniqueViolation

from exporters.postgres.joining.keys import CallKeys
from exporters.postgres.rows import (
    CALL_COLUMNS,
    CALL_LAYOUT,
    ID,
    STARTED_AT,
    TENANT,
    Row,
    microseconds,
    moment_of,
)
from ledger.domain.calls import Call
from ledger.domain.joining import source_of

_DAY_MICROSECONDS = 86_400_000_000

_KEY_COLUMNS = (
    "arrived_at", "tenant", "own_key", "response_key", "parent_key", "started_at", "id", "source",
    "parent_span_id",
)  # fmt: skip
_KEY_LAYOUT = ("int8", "text", "int8", "int8", "int8", "int8", "text", "text", "text")

_PRESENT = """
    SELECT wanted.place - 1
    FROM unnest(%s::text[], %s::timestamptz[], %s::text[])
        WITH ORDINALITY AS wanted (tenant, started_at, id, place)
    JOIN calls USING (tenant, started_at, id)
"""


def copy_calls(connection: psycopg.Connection[Any], rows: Sequence[Row]) -> bool:
    """Copy call rows; False, and nothing copied, when one of them is in the ledger already."""
    days: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        days[row[STARTED_AT] // _DAY_MICROSECONDS].append(row)
    try:
        with connection.transaction():
            for day in sorted(days):
                _copy(connection, _into("calls", day, CALL_COLUMNS), CALL_LAYOUT, days[day])
    except UniqueViolation:
        return False
    return True


def present_already(connection: psycopg.Connection[Any], rows: Sequence[Row]) -> set[int]:
    """Positions of the rows whose calls the ledger holds."""
    parameters = (
        [row[TENANT] for row in rows],
        [moment_of(row[STARTED_AT]) for row in rows],
        [row[ID] for row in rows],
    )
    return {place for (place,) in connection.execute(_PRESENT, parameters).fetchall()}


def copy_keys(
    connection: psycopg.Connection[Any],
    records: Sequence[tuple[Call, CallKeys]],
    arrived_at: datetime,
) -> None:
    """Keep what these records can be found by."""
    arrived = microseconds(arrived_at)
    rows = [
        (
            arrived,
            call.tenant,
            *keys,
            microseconds(call.started_at),
            call.id,
            source_of(call),
            call.parent_span_id,
        )
        for call, keys in records
    ]
    statement = _into("call_keys", arrived // _DAY_MICROSECONDS, _KEY_COLUMNS)
    _copy(connection, statement, _KEY_LAYOUT, rows)


def _copy(
    connection: psycopg.Connection[Any],
    statement: sql.Composed,
    layout: Sequence[str],
    rows: Sequence[Row],
) -> None:
    with connection.cursor().copy(statement) as copy:
        copy.set_types(layout)
        write = copy.write_row
        for row in rows:
            write(row)


@lru_cache(maxsize=4096)
def _into(table: str, day: int, columns: tuple[str, ...]) -> sql.Composed:
    partition = f"{table}_{moment_of(day * _DAY_MICROSECONDS):%Y%m%d}"
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(partition), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
