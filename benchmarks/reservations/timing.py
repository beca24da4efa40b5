"""Many clients at once, each doing one thing after the other, and how long each took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Client = Callable[[float, list[float]], None]
"""Works until a moment of the monotonic clock, and notes how many seconds each thing took."""

_HEAD_START_SECONDS = 0.3


class Timed(NamedTuple):
    """How many things a second were done, and how long each took."""

    rate: float
    p50_ms: float
    p99_ms: float
    number: int

    def __str__(self) -> str:
        """As it stands in a table."""
        return f"{self.rate:>9,.0f}/s   p50 {self.p50_ms:>6.1f} ms   p99 {self.p99_ms:>6.1f} ms"


def timed(clients: Sequence[Client], seconds: float) -> Timed:
    """Let clients work at the same time, each in a thread."""
    began = time.monotonic() + _HEAD_START_SECONDS
    took: list[list[float]] = [[] for _ in clients]

    def work(client: Client, own: list[float]) -> None:
        time.sleep(max(0.0, began - time.monotonic()))
        client(began + seconds, own)

    threads = [
        threading.Thread(target=work, args=(client, own))
        for client, own in zip(clients, took, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summed([one for own in took for one in own], time.monotonic() - began)


def summed(took: Sequence[float], seconds: float) -> Timed:
    """The figures of what took so long within so many seconds."""
    ordered = sorted(took)
    return Timed(
        rate=len(ordered) / seconds,
        p50_ms=1000 * ordered[len(ordered) // 2],
        p99_ms=1000 * ordered[len(ordered) * 99 // 100],
        number=len(ordered),
    )
