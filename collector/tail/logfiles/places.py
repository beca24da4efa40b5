"""Starting at the end of a log instead of at its start."""

from __future__ import annotations

import os

from collector.tail.logfiles.fingerprint import MOST_BYTES, Fingerprint
from collector.tail.logfiles.reading import MOST_LINE_BYTES, LogFile


def last_line_end(fd: int, size: int) -> LogFile:
    """A log of which everything up to its last whole line counts as read."""
    start = max(0, size - MOST_LINE_BYTES)
    place = start + os.pread(fd, size - start, start).rfind(b"\n") + 1
    head = os.pread(fd, min(MOST_BYTES, place), 0)
    tail_start = max(0, place - MOST_BYTES)
    return LogFile(fd, place, Fingerprint(head, os.pread(fd, place - tail_start, tail_start)))
