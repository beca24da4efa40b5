"""The yardstick: ready binary bytes by COPY into the very partitions and key that booking fills."""

from __future__ import annotations

import time

import psycopg
from psycopg import sql

_CHUNK_BYTES = 1 << 20
_MOST_ROWS = 250_000

# The moment of booking is the table's own default, for booking as for COPY.
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = 'calls'::regclass AND attnum > 0 AND NOT attisdropped
        AND attname <> 'booked_at'
    ORDER BY attnum
"""

_Connection = psycopg.Connection[tuple[int]]


def copy_rates(url: str, rounds: int = 3) -> list[float]:
    """Rows a second of copying booked calls again into the emptied table, each round.

    The table is left empty.
    """
    with psycopg.connect(url) as connection:
        names = [str(name) for (name,) in connection.execute(_COLUMNS).fetchall()]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        data = _read(connection, columns)
        return [_copy_rate(connection, columns, data) for _ in range(rounds)]


def _copy_rate(connection: _Connection, columns: sql.Composed, data: bytes) -> float:
    connection.execute("TRUNCATE calls")
    connection.commit()
    begun = time.monotonic()
    with connection.cursor() as cursor:
        with cursor.copy(
            sql.SQL("COPY calls ({}) FROM STDIN (FORMAT BINARY)").format(columns)
        ) as copy:
            for start in range(0, len(data), _CHUNK_BYTES):
                copy.write(data[start : start + _CHUNK_BYTES])
        rows = cursor.rowcount
    connection.commit()
    rate = rows / (time.monotonic() - begun)
    connection.execute("TRUNCATE calls")
    connection.commit()
    return rate


def _read(connection: _Connection, columns: sql.Composed) -> bytes:
    """Calls in the order in which they were booked."""
    query = sql.SQL(
        "COPY (SELECT {} FROM calls ORDER BY booked_at LIMIT {}) TO STDOUT (FORMAT BINARY)"
    ).format(columns, sql.Literal(_MOST_ROWS))
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(chunk) for chunk in copy)
