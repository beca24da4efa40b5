"""The pulse of Postgres: whether it commits at all, asked over a connection of its own."""

from __future__ import annotations

import select
import time

import psycopg
from psycopg.errors import ConnectionTimeout
from psycopg.pq.abc import PGconn

_CONNECT_SECONDS = 3
_ANSWER_SECONDS = 3.0
_ASK_ANEW_SECONDS = 30.0
_QUESTION = b"SELECT pg_logical_emit_message(true, 'tollbook.pulse', '')"
"""Its commit has to reach the disk, so a disk that is stuck is noticed too."""


class Pulse:
    """Asks one server for a sign of life; for use by one thread at a time."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._asked: psycopg.Connection[tuple[object, ...]] | None = None
        self._asked_at = 0.0

    def is_felt(self) -> bool:
        """Whether Postgres answers anything within six seconds, be it a refusal.

        False stands for silence only: a server that refuses connections is away, and whoever tries
        to use it hears of that at once.
        """
        try:
            is_felt = _answers(self._question())
        except ConnectionTimeout:
            return False
        except psycopg.Error:
            is_felt = True
        if is_felt:
            self._forget()
        return is_felt

    def _question(self) -> PGconn:
        """One that waits for its answer, for some time the same.

        Each leaves a process of the server waiting for its disk, and it has not many.
        """
        if self._asked is not None and time.monotonic() - self._asked_at > _ASK_ANEW_SECONDS:
            self._forget()
        if self._asked is None:
            self._asked = psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=_CONNECT_SECONDS
            )
            self._asked_at = time.monotonic()
            self._asked.pgconn.send_query(_QUESTION)
            self._asked.pgconn.flush()
        return self._asked.pgconn

    def _forget(self) -> None:
        if self._asked is not None:
            self._asked.close()
            self._asked = None


def _answers(server: PGconn) -> bool:
    until = time.monotonic() + _ANSWER_SECONDS
    readable = select.poll()
    readable.register(server.socket, select.POLLIN)
    while server.is_busy():
        left = until - time.monotonic()
        if left <= 0 or not readable.poll(left * 1000):
            return False
        server.consume_input()
    return True
