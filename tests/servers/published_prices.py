"""Where the price catalog is published, on loopback: serves whatever the test puts there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.loopback import LoopbackHandler, serving


class Published:
    """What is served, and how often it was asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/data.json"
        self.content = b"[]"
        self.status = 200
        self.asked = 0


class _Handler(LoopbackHandler):
    def do_GET(self) -> None:  # noqa: N802 - the library calls it so
        """Serve what there is."""
        published: Published = self.kept
        published.asked += 1
        self.answer(published.status, "application/json", published.content)


@contextmanager
def published_prices() -> Iterator[Published]:
    """Serve on a free port while the block runs."""
    with serving(_Handler, Published) as published:
        yield published
