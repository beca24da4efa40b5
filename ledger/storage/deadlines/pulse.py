"""The pulse of Postgres: whether it commits at all, asked over a connection of its own."""

from __future__ import annotations

import select
import time
from contextlib import closing

import psycopg
from psycopg.errors import ConnectionTimeout
from psycopg.pq.abc import PGconn

_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 3.0
_QUESTION = b"SELECT pg_logical_emit_message(true, 'tollbook.pulse', '')"
"""Its commit has to reach the disk, so a disk that is stuck is noticed too."""


def has_pulse(conninfo: str) -> bool:
    """Whether Postgres answers anything within six seconds, be it a refusal.

    False stands for silence only: a server that refuses connections is away, and whoever tries to
    use it hears of that at once.
    """
    try:
        connection = psycopg.connect(conninfo, autocommit=True, connect_timeout=_CONNECT_SECONDS)
        with closing(connection):
            return _answers(connection.pgconn)
    except ConnectionTimeout:
        return False
    except psycopg.Error:
        return True


def _answers(server: PGconn) -> bool:
    server.send_query(_QUESTION)
    server.flush()
    until = time.monotonic() + _ANSWER_SECONDS
    readable = select.poll()
    readable.register(server.socket, select.POLLIN)
    while server.is_busy():
        left = until - time.monotonic()
        if left <= 0 or not readable.poll(left * 1000):
            return False
        server.consume_input()
    return True
