"""A receiver on loopback that keeps the OTLP/HTTP trace requests it is sent."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.loopback import LoopbackHandler, serving


class OtlpSink:
    """The running receiver: where it is, and what came."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[tuple[str, bytes]] = []
        """Path and protobuf body of each request for traces, in order."""

    def take(self) -> list[tuple[str, bytes]]:
        """What came since the last time."""
        taken, self.requests = self.requests, []
        return taken


@contextmanager
def otlp_sink() -> Iterator[OtlpSink]:
    """Run the receiver on a free port while the block runs."""
    with serving(_Handler, OtlpSink) as sink:
        yield sink


class _Handler(LoopbackHandler):
    def take(self, body: bytes) -> None:
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/v1/traces"):
            self.kept.requests.append((self.path, body))
        self.answer(200, "application/x-protobuf", b"")
