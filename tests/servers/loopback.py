"""Servers on loopback that run in a thread of the test and keep what they were asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

Kept = TypeVar("Kept")

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@contextmanager
def serving(
    handler: type[LoopbackHandler], make: Callable[[int], Kept], port: int = 0
) -> Iterator[Kept]:
    """Answer while the block runs, on a free port unless one is named.

    `make` makes, for this port, what is kept.
    """
    server = _Server(("127.0.0.1", port), handler)
    kept = server.kept = make(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    kept: Any


class LoopbackHandler(BaseHTTPRequestHandler):
    """Reads whole bodies and writes whole answers; says nothing on the terminal."""

    protocol_version = "HTTP/1.1"

    @property
    def kept(self) -> Any:
        """What the test sees of this server."""
        assert isinstance(self.server, _Server)
        return self.server.kept

    def do_POST(self) -> None:
        """Take a request with its whole body."""
        self.take(self.rfile.read(int(self.headers["Content-Length"])))

    def take(self, body: bytes) -> None:
        """Answer a request."""
        raise NotImplementedError

    def answer(
        self, status: int, content_type: str, body: bytes, more: Mapping[str, str] = _NO_HEADERS
    ) -> None:
        """Send an answer; `more` are further headers."""
        self._begin(status, content_type, {"Content-Length": str(len(body)), **more})
        self.wfile.write(body)

    def answer_in_chunks(self, status: int, content_type: str, chunks: Iterable[bytes]) -> None:
        """Send an answer in HTTP chunks, each on its own."""
        self._begin(status, content_type, {"Transfer-Encoding": "chunked"})
        for chunk in (*chunks, b""):
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()

    def _begin(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class Provider:
    """A running provider: where it is, and how many requests it answered."""

    base_path: ClassVar[str] = ""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}{self.base_path}"
        self.requests: list[str] = []
        """Path and status of each answer, in order."""


class ProviderHandler(LoopbackHandler):
    """Answers with JSON and with streams of events, and notes each answer at its Provider."""

    request_id_header: ClassVar[str]

    def answer_json(self, status: int, document: Mapping[str, Any]) -> None:
        """Send a document."""
        self._note(status)
        request_id = {self.request_id_header: f"req_{uuid4().hex}"}
        self.answer(status, "application/json", json.dumps(document).encode(), request_id)

    def answer_events(self, events: Iterable[bytes]) -> None:
        """Send server-sent events, each on its own as providers do."""
        self._note(200)
        self.answer_in_chunks(200, "text/event-stream; charset=utf-8", events)

    def _note(self, status: int) -> None:
        self.kept.requests.append(f"{self.path} {status}")
