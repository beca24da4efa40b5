"""The watchdog: cuts connections of transactions that would wait for Postgres for ever.

A driver that waits for a server which hangs (stopped, on a stuck disk, behind a network that drops
packets) is not woken by anything. Shutting the socket down from another thread wakes it: to the
driver that is a lost connection.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)

_PULSE_EVERY_SECONDS = 1.0
_LONGEST_SLEEP_SECONDS = 60.0


class Cable:
    """A second hold on a connection's socket, by which another thread can cut it.

    It has a descriptor of its own: the driver's may be closed, and its number given to another
    connection, at any time.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        weakref.finalize(self, self._socket.close)

    def cut(self) -> None:
        """End the connection both ways; whoever waits for it hears of it at once."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Watch:
    """One transaction that is watched; times are of the monotonic clock."""

    __slots__ = ("cable", "cut_at", "doubt_at", "is_cut")

    def __init__(self, cut_at: float, doubt_at: float) -> None:
        self.cut_at = cut_at
        """When it is cut whatever Postgres does."""
        self.doubt_at = doubt_at
        """When to find out whether Postgres lives at all."""
        self.cable: Cable | None = None
        self.is_cut = False

    def cut(self) -> None:
        """Wake whoever waits in it."""
        self.is_cut = True
        if self.cable is not None:
            self.cable.cut()


class Watchdog:
    """Watches the transactions of one pool, in a thread that ends when there are none."""

    def __init__(self, has_pulse: Callable[[], bool], patience_seconds: float) -> None:
        """`has_pulse` is asked, in a thread, once a transaction takes longer than the patience."""
        self._has_pulse = has_pulse
        self._patience_seconds = patience_seconds
        self._watches: set[Watch] = set()
        self._changed = threading.Condition(threading.Lock())
        self._runs = False
        self._wakes_at = math.inf
        self._feels_pulse = False
        self.is_silent = False
        """Whether Postgres gave no sign of life when it was last looked for."""

    def watch(self, seconds: float) -> Watch:
        """A watch from now on, still without a connection."""
        now = time.monotonic()
        return Watch(now + seconds, now + self._patience_seconds)

    def add(self, watch: Watch) -> None:
        """Begin to watch; to be ended with `remove` before anybody else uses the connection."""
        with self._changed:
            self._watches.add(watch)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif min(watch.cut_at, watch.doubt_at) < self._wakes_at:
                self._changed.notify()

    def remove(self, watch: Watch) -> None:
        """Watch no longer: from here on it is not cut any more."""
        # Only its own thread adds it, so one that is not there will not be.
        if watch in self._watches:
            with self._changed:
                self._watches.discard(watch)

    def doubt(self) -> None:
        """Find out now whether Postgres lives."""
        with self._changed:
            self._feel_pulse()

    def _run(self) -> None:
        with self._changed:
            while self._watches:
                self._look()
                now = time.monotonic()
                self._wakes_at = min(map(self._due, self._watches), default=now)
                self._changed.wait(min(max(0.0, self._wakes_at - now), _LONGEST_SLEEP_SECONDS))
            self._runs = False
            self._wakes_at = math.inf

    def _due(self, watch: Watch) -> float:
        return watch.cut_at if self._feels_pulse else min(watch.cut_at, watch.doubt_at)

    def _look(self) -> None:
        now = time.monotonic()
        late = [watch for watch in self._watches if watch.cut_at <= now]
        if late or any(watch.doubt_at <= now for watch in self._watches):
            self._feel_pulse()
        self._cut(late)

    def _cut(self, watches: list[Watch]) -> None:
        for watch in watches:
            self._watches.discard(watch)
            watch.cut()

    def _feel_pulse(self) -> None:
        if not self._feels_pulse:
            self._feels_pulse = True
            threading.Thread(target=self._follow_pulse, name="pulse", daemon=True).start()

    def _follow_pulse(self) -> None:
        """Look for a pulse until there is one."""
        while not self._found_pulse(self._has_pulse()):
            time.sleep(_PULSE_EVERY_SECONDS)

    def _found_pulse(self, has_pulse: bool) -> bool:
        with self._changed:
            if has_pulse == self.is_silent:
                log.warning("Postgres %s", "answers again" if has_pulse else "hangs: it is silent")
            self.is_silent = not has_pulse
            if not has_pulse:
                self._cut(list(self._watches))
                return False
            self._feels_pulse = False
            now = time.monotonic()
            for watch in self._watches:
                # It lives, and the transaction only takes long: on to the next look.
                watch.doubt_at = max(watch.doubt_at, now + self._patience_seconds)
            self._changed.notify()
            return True
