"""The bound of a spool, held exactly over all processes of a machine that write to it.

The bytes taken are kept in a small file that is locked while it changes. A process killed in
between can leave the figure too high, never too low: it is raised before a file appears and lowered
after one is gone. While requests are turned away the files are counted anew every few seconds, so a
figure that is too high does not last.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.spool.names import parse_name
from ledger.domain.errors import SpoolFull

_COUNTER = "occupied"
_COUNTER_BYTES = 8
_COUNT_AGAIN_SECONDS = 5.0


class Room:
    """How much of its bound a spool directory has taken."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._counted_at: float | None = None

    def take(self, path: Path, disk_bytes: int) -> int:
        """Create a file of the directory and return its descriptor, open for writing.

        Raises SpoolFull when the bound would be passed, OSError when the file cannot be made.
        """
        with self._locked() as counter:
            taken = _read(counter)
            if self._counts_again(is_full=taken + disk_bytes > self._max_bytes):
                taken = self.counted_bytes()
            if taken + disk_bytes > self._max_bytes:
                _write(counter, taken)
                raise SpoolFull(self._max_bytes)
            _write(counter, taken + disk_bytes)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def give_back(self, paths: Iterable[Path]) -> None:
        """Delete files of the directory; one that is gone already is passed over."""
        with self._locked() as counter:
            given = sum(_deleted_bytes(path) for path in paths)
            _write(counter, max(0, _read(counter) - given))

    def exceed(self, disk_bytes: int) -> None:
        """Count a file that is made whatever the bound says."""
        with self._locked() as counter:
            _write(counter, _read(counter) + disk_bytes)

    def counted_bytes(self) -> int:
        """What all spool files of the directory take, those set aside included."""
        taken = 0
        for _, _, names in os.walk(self._directory):
            for text in names:
                name = parse_name(text)
                taken += name.disk_bytes if name else 0
        return taken

    def _counts_again(self, *, is_full: bool) -> bool:
        # Once at the start: the machine may have lost power since the figure was written.
        now = time.monotonic()
        if self._counted_at is None or (is_full and now - self._counted_at > _COUNT_AGAIN_SECONDS):
            self._counted_at = now
            return True
        return False

    @contextmanager
    def _locked(self) -> Iterator[int]:
        counter = os.open(self._directory / _COUNTER, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(counter, fcntl.LOCK_EX)
            yield counter
        finally:
            os.close(counter)


def _deleted_bytes(path: Path) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    name = parse_name(path.name)
    return name.disk_bytes if name else 0


def _read(counter: int) -> int:
    return int.from_bytes(os.pread(counter, _COUNTER_BYTES, 0), "little")


def _write(counter: int, taken: int) -> None:
    os.pwrite(counter, taken.to_bytes(_COUNTER_BYTES, "little"), 0)
