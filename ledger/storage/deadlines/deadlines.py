"""Deadlines of transactions: none waits for a Postgres that hangs, from the pool to the commit.

A transaction is cut when it passes its deadline, and when Postgres turns out to be silent. Merely
taking long is no reason: a booking may wait its turn behind many others. So whatever takes longer
than some seconds only raises the question whether Postgres lives. Where it does not, everything
that waits for it is cut, and what comes after fails at once until there is a pulse again.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.domain.errors import LedgerHangs
from ledger.storage.deadlines.watchdog import Cable, Watch, Watchdog

PATIENCE_SECONDS = 5.0
"""With the pulse, which takes three to six, a Postgres that hangs is found out within eleven."""

_MOST_CONNECT_SECONDS = 5
_LEAST_CONNECT_SECONDS = 2
"""The driver knows no shorter time."""
_PING_SECONDS = 10.0
"""Longer than it takes to find out that Postgres is silent: what passes this is one connection that
was lost on the way."""
_CABLE = "tollbook.cable"


class _Here(threading.local):
    """What holds for the thread."""

    watch: Watch | None = None
    ends_at: float = math.inf


_here = _Here()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All transactions of this thread that the block begins end within so many seconds from now.

    One that does not is cut and raises LedgerHangs.
    """
    before = _here.ends_at
    _here.ends_at = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _here.ends_at = before


class Deadlines:
    """The deadlines of one engine's transactions."""

    def __init__(
        self, engine: Engine, has_pulse: Callable[[], bool], patience_seconds: float
    ) -> None:
        self._dialect = engine.dialect
        self._watchdog = Watchdog(has_pulse, patience_seconds)
        event.listen(engine, "do_connect", self._before_connecting)
        # Before SQLAlchemy's own, which asks the server what it is.
        event.listen(engine, "connect", self._connected, insert=True)
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)

    @contextmanager
    def over(self, seconds: float | None) -> Iterator[Watch | None]:
        """Watch the one transaction that the block begins; None is for one that may take for ever.

        Raises LedgerHangs when Postgres is known to be silent.
        """
        before = _here.watch
        _here.watch = watch = None if seconds is None else self._watch(seconds)
        try:
            yield watch
        finally:
            _here.watch = before
            if watch is not None:
                self._watchdog.remove(watch)

    def hung(self, error: Exception, watch: Watch | None) -> LedgerHangs | None:
        """What an error of a transaction means, if it comes of Postgres being silent."""
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, ConnectionTimeout):
            self._watchdog.doubt()
            return LedgerHangs("Postgres does not answer: no connection comes about")
        if watch is None or not watch.is_cut:
            return None
        return _silent() if self._watchdog.is_silent else _too_late()

    def _watch(self, seconds: float) -> Watch:
        if self._watchdog.is_silent:
            raise _silent()
        return self._watchdog.watch(min(seconds, _here.ends_at - time.monotonic()))

    def _before_connecting(
        self, _dialect: Dialect, _entry: object, _args: object, parameters: dict[str, Any]
    ) -> None:
        watch = _here.watch
        if watch is None:
            return
        if self._watchdog.is_silent:
            raise _silent()
        left = watch.cut_at - time.monotonic()
        if left <= 0:
            raise _too_late()
        seconds = math.ceil(min(_MOST_CONNECT_SECONDS, left))
        parameters["connect_timeout"] = max(_LEAST_CONNECT_SECONDS, seconds)

    def _connected(self, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, psycopg.Connection)
        entry.info[_CABLE] = cable = Cable(connection.pgconn.socket)
        self._attach(cable)

    def _taken(
        self, connection: DBAPIConnection, entry: ConnectionPoolEntry, _fairy: object
    ) -> None:
        """Make sure that a connection of the pool still stands; a fresh one is attached already."""
        watch, cable = _here.watch, entry.info[_CABLE]
        if watch is not None and watch.cable is cable:
            return
        end = watch.cut_at if watch is not None else math.inf
        if watch is not None:
            watch.cut_at = min(end, time.monotonic() + _PING_SECONDS)
        self._attach(cable)
        try:
            self._dialect.do_ping(connection)
        except psycopg.Error as error:
            # Another one is made, unless Postgres is known to be silent or the time is up.
            raise InvalidatePoolError from error
        finally:
            self._restore(watch, end)

    def _restore(self, watch: Watch | None, end: float) -> None:
        """After a ping, have the whole transaction's time again."""
        if watch is None:
            return
        watch.cut_at = end
        watch.is_cut = False

    def _attach(self, cable: Cable) -> None:
        watch = _here.watch
        if watch is not None:
            # It may have been cut on a connection that this one takes the place of.
            watch.is_cut = False
            watch.cable = cable
            self._watchdog.add(watch)

    def _given_back(self, _connection: object, _entry: object) -> None:
        if _here.watch is not None:
            self._watchdog.remove(_here.watch)


def _silent() -> LedgerHangs:
    return LedgerHangs("Postgres hangs: it gives no sign of life")


def _too_late() -> LedgerHangs:
    return LedgerHangs("Postgres hangs: it did not answer in time")
