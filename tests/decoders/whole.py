"""All records of a body together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from collector.receivers.received import Reading, Received


class Decode:
    """Reads a whole body as one part."""

    def __init__(
        self, receiver: str, read: Callable[[bytes, str | None], Iterator[Reading]]
    ) -> None:
        self._receiver = receiver
        self._read = read

    def __call__(self, body: bytes, default_tenant: str | None = None) -> Received:
        received = Received(self._receiver)
        received.gather(self._read(body, default_tenant), 0, sys.maxsize)
        return received
