"""What each process of a collector has at hand, where its other processes can read it.

The board is anonymous memory that is made before the processes are forked. A process takes a line
of it by a lock that the kernel gives back when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
import weakref
from array import array
from collections.abc import Iterator, MutableSequence
from typing import NamedTuple

_LINES = 1024
_PROCESS, _CALLS, _BYTES, _MOVED_AT, _CONNECTIONS = range(5)
_CELLS = 5
_CELL_BYTES = 8
_NANOSECONDS = 10**9

Cells = MutableSequence[int]


class Queues(NamedTuple):
    """What waits in all processes of a collector together."""

    calls: int
    """Handed in and not booked yet."""
    bytes: int
    """Of bodies that are not decoded yet."""
    stuck_seconds: float
    """For how long, in the worst process, calls have waited without one commit."""


class Gauges:
    """What waits in this process; on a board, or for itself."""

    def __init__(self, cells: Cells | None = None) -> None:
        self._cells: Cells = array("q", [0] * _CELLS) if cells is None else cells
        self._changing = threading.Lock()

    def add_calls(self, calls: int) -> None:
        """Count calls that were handed in, or, below 0, that wait no longer."""
        with self._changing:
            waiting = self._cells[_CALLS]
            self._cells[_CALLS] = waiting + calls
            if not waiting:
                self._cells[_MOVED_AT] = time.monotonic_ns()

    def add_bytes(self, size: int) -> None:
        """Count the bytes of a body that came in, or, below 0, that is decoded."""
        with self._changing:
            self._cells[_BYTES] += size

    def note_connections(self, connections: int) -> None:
        """Write down how many connections are open."""
        self._cells[_CONNECTIONS] = connections

    def committed(self) -> None:
        """Note that a commit has ended well."""
        self._cells[_MOVED_AT] = time.monotonic_ns()


class Board:
    """The gauges of all processes of one collector. Processes that have ended do not count."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("tollbook-gauges")
        # Only with the board itself: closing it would give the lock of our line back.
        weakref.finalize(self, os.close, self._descriptor)
        size = _LINES * _CELLS * _CELL_BYTES
        os.ftruncate(self._descriptor, size)
        # One store a cell, so that no reader sees half a figure.
        self._cells = memoryview(mmap.mmap(self._descriptor, size)).cast("q")

    def claim(self) -> Gauges:
        """The line of this process; to be asked for once in each, after the fork."""
        for line in range(_LINES):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, line)
            except OSError:
                continue
            cells = self._line(line)
            cells[_CALLS] = cells[_BYTES] = cells[_MOVED_AT] = cells[_CONNECTIONS] = 0
            cells[_PROCESS] = os.getpid()
            return Gauges(cells)
        raise RuntimeError(f"a collector has at most {_LINES} processes")

    def queues(self) -> Queues:
        """What waits in all processes that live."""
        lines = list(self._living())
        now = time.monotonic_ns()
        waits = [now - cells[_MOVED_AT] for cells in lines if cells[_CALLS] > 0]
        return Queues(
            calls=sum(cells[_CALLS] for cells in lines),
            bytes=sum(cells[_BYTES] for cells in lines),
            stuck_seconds=max(waits, default=0) / _NANOSECONDS,
        )

    def fewest_connections_elsewhere(self) -> int | None:
        """The fewest connections of another living process; None when there is no other."""
        ours = os.getpid()
        others = (cells for cells in self._living() if cells[_PROCESS] != ours)
        return min((cells[_CONNECTIONS] for cells in others), default=None)

    def _living(self) -> Iterator[Cells]:
        for line in range(_LINES):
            cells = self._line(line)
            if cells[_PROCESS] and _lives(cells[_PROCESS]):
                yield cells

    def _line(self, line: int) -> Cells:
        # A memoryview of integers is such a sequence in all that is used here.
        cells: Cells = self._cells[line * _CELLS : (line + 1) * _CELLS]  # type: ignore[assignment]
        return cells


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
