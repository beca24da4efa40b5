"""Long stretches of a file that hold no call, looked through a little at a time."""

from __future__ import annotations

import os

from collector.tail.logfiles.fingerprint import MOST_BYTES, Fingerprint

_LOOK_BYTES = 2**18
_LOOKS_A_CALL = 64


class OverlongLine:
    """A line too long to be a call, whose end is looked for without keeping what it holds."""

    def __init__(self, start: int, before: Fingerprint) -> None:
        self.start = start
        self.fingerprint = Fingerprint(before.head, before.tail)
        self._position = start

    def still_in(self, fd: int) -> bool:
        """Whether the part that was looked through is still what it was."""
        return self.fingerprint.still_in(fd, self._position)

    def find_end(self, fd: int, end: int | None) -> tuple[int | None, bool]:
        """Where the next line begins, None when not found, and whether there is more to look at."""
        for _ in range(_LOOKS_A_CALL):
            room = _LOOK_BYTES if end is None else min(_LOOK_BYTES, end - self._position)
            data = os.pread(fd, room, self._position) if room > 0 else b""
            if not data:
                return None, False
            newline = data.find(b"\n")
            taken = data if newline < 0 else data[: newline + 1]
            self.fingerprint.advance(taken)
            self._position += len(taken)
            if newline >= 0:
                return self._position, False
        return None, True


def end_of_zeros(fd: int, start: int) -> int | None:
    """Where a stretch of zero bytes ends; None when nothing but zeros follows.

    An app that writes on at its old place after its log was emptied leaves such a hole. A log that
    is laid out in zeros beforehand has them at its end, and there they wait to be written over.
    """
    position = start
    while data := os.pread(fd, _LOOK_BYTES, position):
        rest = data.lstrip(b"\0")
        if rest:
            return position + len(data) - len(rest)
        position = _next_data(fd, position + len(data))
    return None


def zeros_read(length: int) -> bytes:
    """As many zeros of a stretch as a fingerprint can tell apart."""
    return bytes(min(length, 2 * MOST_BYTES))


def _next_data(fd: int, position: int) -> int:
    try:
        return os.lseek(fd, position, os.SEEK_DATA)
    except OSError:
        return position
