"""The reference: clients that each update one row, prepared, one transaction after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from benchmarks.reservations.timing import Timed, timed

_MAKE = "CREATE TABLE bare (id int PRIMARY KEY, held numeric NOT NULL) WITH (fillfactor = 50)"
_UPDATE = "UPDATE bare SET held = held + %s WHERE id = 1 RETURNING held"


def measure_bare_updates(url: str, clients: int, seconds: float) -> Timed:
    """So many connections on one row: what a budget kept in a row would come to."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_MAKE)
        connection.execute("INSERT INTO bare VALUES (1, 0)")
    return timed([_client(url) for _ in range(clients)], seconds)


def _client(url: str) -> Callable[[float, list[float]], None]:
    connection = psycopg.connect(url, autocommit=True)

    def run(until: float, took: list[float]) -> None:
        with connection, connection.cursor() as cursor:
            while (began := time.monotonic()) < until:
                cursor.execute(_UPDATE, (1,), prepare=True).fetchone()
                took.append(time.monotonic() - began)

    return run
