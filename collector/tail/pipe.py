"""Reading log lines from a pipe: what was read and is not booked is held by nobody else."""

from __future__ import annotations

import os
import select
import threading
import time

from collector.counted import counted
from collector.tail.decoding import decode_piece
from collector.tail.handover import Handover, Stopped
from collector.tail.logfiles.reading import MOST_LINE_BYTES, MOST_PIECE_LINES, Line, Overlong, Piece

NAME = "standard input"
_READ_BYTES = 2**18
_MOST_PIECE_BYTES = 4 * 2**20
_LONGEST_WAIT_SECONDS = 0.5


class PipeLines:
    """Cuts a stream into lines, in bounded memory."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._overlong: list[Overlong] = []
        self._parts: list[bytes] = []
        """The line that has not ended yet; empty while an overlong one is skipped."""
        self._line_bytes = 0
        self._offset = 0
        self._held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether enough lines wait to be booked."""
        return len(self._lines) >= MOST_PIECE_LINES or self._held_bytes >= _MOST_PIECE_BYTES

    def feed(self, data: bytes) -> None:
        """Take in what was read next."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._grow(part)
            self._end_line(1)
        self._grow(rest)

    def finish(self) -> None:
        """The stream is over: what was begun is a line."""
        self._end_line(0)

    def take(self) -> Piece | None:
        """The lines that ended since the last time, if there are any."""
        if not self._lines and not self._overlong:
            return None
        piece = Piece(self._offset, self._lines, tuple(self._overlong))
        self._lines, self._overlong, self._held_bytes = [], [], 0
        return piece

    def _grow(self, part: bytes) -> None:
        self._line_bytes += len(part)
        if self._line_bytes > MOST_LINE_BYTES:
            self._parts = []
        elif part:
            self._parts.append(part)

    def _end_line(self, newline_bytes: int) -> None:
        text = b"".join(self._parts)
        if self._line_bytes > MOST_LINE_BYTES:
            self._overlong.append(Overlong(self._offset, self._line_bytes))
        elif text and not text.isspace():
            self._lines.append(Line.at(self._offset, text))
            self._held_bytes += len(text)
        self._offset += self._line_bytes + newline_bytes
        self._parts, self._line_bytes = [], 0


def read_pipe(
    fd: int, handover: Handover, *, default_tenant: str | None, stopping: threading.Event
) -> None:
    """Book what comes until the stream ends or we are told to stop. Raises Stopped.

    While the ledger is away nothing more is read, so that the sender waits too.
    """
    lines = PipeLines()
    is_over = False
    booked_at = time.monotonic()
    while not is_over and not stopping.is_set():
        ready, _, _ = select.select([fd], [], [], _LONGEST_WAIT_SECONDS)
        if ready:
            data = os.read(fd, _READ_BYTES)
            is_over = not data
            lines.feed(data)
        if is_over:
            lines.finish()
        waited = time.monotonic() - booked_at
        if is_over or not ready or lines.is_full or waited > _LONGEST_WAIT_SECONDS:
            _book(lines.take(), handover, default_tenant)
            booked_at = time.monotonic()
    _book(lines.take(), handover, default_tenant)


def _book(piece: Piece | None, handover: Handover, default_tenant: str | None) -> None:
    if piece is None:
        return
    accepted = decode_piece(piece, path=NAME, content_name="", default_tenant=default_tenant)
    try:
        handover.book(accepted, None)
    except Stopped as stopped:
        lines = counted(len(piece.lines), "line that was read", "lines that were read")
        raise Stopped(f"{lines} could not be booked") from stopped
