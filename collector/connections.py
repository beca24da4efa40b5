"""Connections: how large the head of a request may be, and how long it may take to come.

The parser keeps whatever headers come for as long as they come. Without a bound two peers could
fill the memory and keep the event loops busy for minutes, and silent ones use up all connections.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector.api.answers import PROBLEM
from collector.api.problems import problem_document

MOST_HEAD_BYTES = 64 * 1024
_LONGEST_SILENCE_SECONDS = 75.0
"""Until the first request, as between requests."""


class HeadTooLarge(Exception):
    """Raised within the parser, which then stops."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose request heads are bounded in size and in time."""

    longest_head_seconds = 30.0

    _is_in_head = False
    _head_bytes = 0
    """Of the head that is being read; its last and unfinished header included."""
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Also wait only so long for the first request."""
        super().connection_made(transport)
        self._start_clock(_LONGEST_SILENCE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Also stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which by itself would wait for the end of a header for ever."""
        was_in_head = self._is_in_head
        if was_in_head and self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response("")
            return
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head_bytes += len(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_in_head = True
        self._head_bytes = 0
        self._start_clock(self.longest_head_seconds)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the target, which may come in pieces."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_in_head = False
        self._head_bytes = 0
        self._stop_clock()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or a head that is too large, and close the connection."""
        self._stop_clock()
        status, detail = HTTPStatus.BAD_REQUEST, "this is no HTTP request"
        if self._head_bytes > MOST_HEAD_BYTES:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            detail = f"the headers are larger than {MOST_HEAD_BYTES} bytes"
        body = problem_document(status, detail)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            raise HeadTooLarge

    def _start_clock(self, seconds: float) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _give_up(self) -> None:
        """The peer took too long; between requests the server itself watches the clock."""
        if not self.transport.is_closing():
            self.transport.close()
