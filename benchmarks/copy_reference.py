"""The yardstick: ready binary bytes by COPY into the very partitions and key that booking fills."""

from __future__ import annotations

import time

import psycopg
from psycopg import sql

from exporters.postgres.rows import CALL_COLUMNS

_CHUNK_BYTES = 1 << 20


def copy_rows_per_second(url: str, rounds: int = 3) -> tuple[float, int]:
    """Median rows a second of copying all booked calls again into the emptied table, and how many.

    The table is left empty.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, CALL_COLUMNS))
    rates = []
    with psycopg.connect(url) as connection:
        data = _read_all(connection, columns)
        rows = connection.execute("SELECT count(*) FROM calls").fetchone()
        assert rows is not None
        for _ in range(rounds):
            connection.execute("TRUNCATE calls")
            connection.commit()
            begun = time.monotonic()
            with connection.cursor().copy(
                sql.SQL("COPY calls ({}) FROM STDIN (FORMAT BINARY)").format(columns)
            ) as copy:
                for start in range(0, len(data), _CHUNK_BYTES):
                    copy.write(data[start : start + _CHUNK_BYTES])
            connection.commit()
            rates.append(rows[0] / (time.monotonic() - begun))
        connection.execute("TRUNCATE calls")
    return sorted(rates)[len(rates) // 2], rows[0]


def _read_all(connection: psycopg.Connection[tuple[int]], columns: sql.Composed) -> bytes:
    with connection.cursor().copy(
        sql.SQL("COPY (SELECT {} FROM calls ORDER BY booked_at) TO STDOUT (FORMAT BINARY)").format(
            columns
        )
    ) as copy:
        return b"".join(bytes(chunk) for chunk in copy)
