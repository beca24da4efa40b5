"""Whole lines of one open file from a place on, in bounded memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

from collector.tail.logfiles.fingerprint import Fingerprint
from collector.tail.logfiles.overlong import OverlongLine, end_of_zeros, zeros_read

MOST_LINE_BYTES = 2**20
MOST_PIECE_LINES = 5_000
_PIECE_BYTES = 4 * 2**20
_BOM = b"\xef\xbb\xbf"
_SETTLED_AFTER_SECONDS = 2.0
"""A change so recent may share its time stamp with one that follows it."""


class Line(NamedTuple):
    """A line without its end, and the byte it begins at."""

    offset: int
    text: bytes

    @classmethod
    def at(cls, offset: int, raw: bytes) -> Line:
        """A line as it stands in a file, where a byte order mark may come first."""
        return cls(offset, raw.removeprefix(_BOM) if offset == 0 else raw)


class Overlong(NamedTuple):
    """A line that was skipped because no call is as long."""

    offset: int
    length: int


class Piece(NamedTuple):
    """What was read in one go, up to `end`; lines that are empty are left out."""

    end: int
    lines: list[Line]
    overlong: tuple[Overlong, ...] = ()


class ContentReplaced(Exception):
    """The file no longer holds what was read of it: it was cut or written anew."""


class LogFile:
    """One open file and how far its lines were handed out."""

    def __init__(self, fd: int, place: int = 0, fingerprint: Fingerprint | None = None) -> None:
        self.fd = fd
        self.restart()
        self.place = place
        self.fingerprint = fingerprint or Fingerprint()

    @property
    def size(self) -> int:
        """Bytes the file has now."""
        return os.fstat(self.fd).st_size

    @property
    def modified_ns(self) -> int:
        """When the file was last written to, by its own clock."""
        return os.fstat(self.fd).st_mtime_ns

    def restart(self) -> None:
        """Read from the start: the content is another one."""
        self.place = 0
        self.fingerprint = Fingerprint()
        self._overlong: OverlongLine | None = None
        self._exhausted: tuple[int, int] | None = None

    def close(self) -> None:
        """Let the file go."""
        os.close(self.fd)

    def next_piece(self, end: int | None = None) -> Piece | None:
        """The next whole lines, up to `end` where given; None when there is nothing more yet.

        A piece without lines may only say that looking goes on. Raises ContentReplaced.
        """
        stat = os.fstat(self.fd)
        state = (stat.st_size, stat.st_mtime_ns)
        if state == self._exhausted:
            return None
        room = _PIECE_BYTES if end is None else max(min(_PIECE_BYTES, end - self.place), 0)
        data = os.pread(self.fd, room, self.place)
        # After reading: content that was exchanged before is then not what the prints tell of.
        self._check_content()
        piece = self._cut(data, end)
        if piece is None and time.time() - stat.st_mtime > _SETTLED_AFTER_SECONDS:
            self._exhausted = state
        return piece

    def take_unfinished(
        self, is_whole: Callable[[bytes], bool], end: int | None = None
    ) -> Piece | None:
        """The last line without its end, if it is whole as it is. Raises ContentReplaced."""
        room = MOST_LINE_BYTES if end is None else min(MOST_LINE_BYTES, max(end - self.place, 0))
        rest = os.pread(self.fd, room, self.place)
        self._check_content()
        line = Line.at(self.place, rest)
        if b"\n" in rest or not is_whole(line.text):
            return None
        return self._handed_out(rest, [line])

    def _check_content(self) -> None:
        if not self.fingerprint.still_in(self.fd, self.place):
            raise ContentReplaced
        if self._overlong is not None and not self._overlong.still_in(self.fd):
            self._overlong = None

    def _cut(self, data: bytes, end: int | None) -> Piece | None:
        if data.startswith(b"\0"):
            return self._past_zeros()
        parts = data.split(b"\n", MOST_PIECE_LINES)
        rest = parts.pop()
        lines: list[Line] = []
        offset = self.place
        for part in parts:
            if len(part) > MOST_LINE_BYTES:
                break
            if part and not part.isspace():
                lines.append(Line.at(offset, part))
            offset += len(part) + 1
        if offset > self.place:
            return self._handed_out(data[: offset - self.place], lines)
        return self._past_overlong(end) if parts or len(rest) > MOST_LINE_BYTES else None

    def _past_overlong(self, end: int | None) -> Piece | None:
        if self._overlong is None:
            self._overlong = OverlongLine(self.place, self.fingerprint)
        overlong = self._overlong
        next_line, goes_on = overlong.find_end(self.fd, end)
        if next_line is None:
            return Piece(self.place, []) if goes_on else None
        self.fingerprint = overlong.fingerprint
        skipped = Overlong(self.place, next_line - self.place - 1)
        self.place, self._overlong = next_line, None
        return Piece(next_line, [], (skipped,))

    def _past_zeros(self) -> Piece | None:
        position = end_of_zeros(self.fd, self.place)
        if position is None:
            return None
        self.fingerprint.advance(zeros_read(position - self.place))
        self.place = position
        return Piece(position, [])

    def _handed_out(self, data: bytes, lines: list[Line]) -> Piece:
        self.fingerprint.advance(data)
        self.place += len(data)
        return Piece(self.place, lines)
