"""The thread that books what the spool holds, in order, in one process of the machine at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence

from collector.spool.names import FileName
from collector.spool.settling import Book, DeadLetter, Settling
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.domain.errors import LedgerUnavailable

log = logging.getLogger(__name__)

_LOCK = "replay.lock"
_LOOK_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 5.0
_SWEEP_SECONDS = 60.0

_MOST_FILES_TOGETHER = 500
_MOST_RECORDS_TOGETHER = 5_000
_MOST_BYTES_TOGETHER = 16 * 2**20


class Replayer:
    """Replays the spool while it holds the lock of its directory."""

    def __init__(
        self, spool: Spool, marks: SpoolMarks, book: Book, dead_letter: DeadLetter | None = None
    ) -> None:
        self._spool = spool
        self._settling = Settling(spool, marks, book, dead_letter)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool replay", daemon=True)
        self._lock: int | None = None
        self._swept_at = float("-inf")
        self._left = 0
        self._is_away = False

    def start(self) -> None:
        """Begin to look for files, twice a second, and less often while Postgres is away."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the transaction at hand; waits some seconds for it at most."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def replay(self) -> int:
        """Try to book every file once; returns how many are left for later.

        Only one process may do so at a time. Raises LedgerUnavailable when Postgres is away.
        """
        if time.monotonic() - self._swept_at > _SWEEP_SECONDS:
            self._spool.sweep()
            self._swept_at = time.monotonic()
        names = self._spool.files()
        if not names:
            return 0
        self._settling.begin(names)
        self._is_away = False
        left = 0
        for group in _groups(names):
            if self._stopping.is_set():
                break
            left += self._settling.settle(group)
        self._note(len(names), left)
        return left

    def _run(self) -> None:
        wait = _LOOK_SECONDS
        while not self._stopping.wait(wait):
            is_stuck = True
            try:
                is_stuck = self._holds_lock() and self.replay() > 0
            except LedgerUnavailable as error:
                self._note_away(error)
            except Exception:
                log.exception("replaying the spool failed; it is tried again")
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS) if is_stuck else _LOOK_SECONDS
        if self._lock is not None:
            os.close(self._lock)

    def _holds_lock(self) -> bool:
        """Whether this process is the one that replays; the kernel frees the lock of a dead one."""
        if self._lock is not None:
            if os.fstat(self._lock).st_nlink:
                return True
            # Somebody deleted the directory: the lock of a new one may be another's.
            os.close(self._lock)
            self._lock = None
        if not self._spool.directory.is_dir():
            return False
        lock = os.open(self._spool.directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _note(self, files: int, left: int) -> None:
        if left != self._left:
            log.warning("%d files of the spool cannot be booked yet; they are tried again", left)
            self._left = left
        log.info("replayed %d files of the spool", files - left)

    def _note_away(self, error: LedgerUnavailable) -> None:
        if not self._is_away:
            log.warning("the spool waits for Postgres: %s", error)
            self._is_away = True


def _groups(names: Sequence[FileName]) -> Iterator[list[FileName]]:
    """Files to be booked together: many small ones, or a large one alone."""
    group: list[FileName] = []
    records = size = 0
    for name in names:
        of_file = sum(name.records.values())
        if group and (
            len(group) == _MOST_FILES_TOGETHER
            or records + of_file > _MOST_RECORDS_TOGETHER
            or size + name.size_bytes > _MOST_BYTES_TOGETHER
        ):
            yield group
            group, records, size = [], 0, 0
        group.append(name)
        records += of_file
        size += name.size_bytes
    if group:
        yield group
