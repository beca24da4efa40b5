"""Senders of an ingest benchmark: a process and a connection each, next when answered."""

from __future__ import annotations

import http.client
import multiprocessing
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit


class LoadResult(NamedTuple):
    """How long it took from the first request to the last acknowledgement."""

    seconds: float
    request_seconds: list[float]

    def percentile_ms(self, share: float) -> float:
        """Time until a request was acknowledged, in milliseconds."""
        ordered = sorted(self.request_seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def send_all(
    url: str, path: str, content_type: str, bodies: Sequence[bytes], senders: int
) -> LoadResult:
    """Send every body once over that many connections; fails unless each is answered with 200."""
    with multiprocessing.Pool(senders) as pool:
        shares = [bodies[number::senders] for number in range(senders)]
        pool.map(_ready, range(senders))
        begun = time.monotonic()
        parts = pool.starmap(_send, [(url, path, content_type, share) for share in shares])
        seconds = time.monotonic() - begun
    return LoadResult(seconds, [took for part in parts for took in part])


def _ready(_number: int) -> None:
    time.sleep(0.2)


def _send(url: str, path: str, content_type: str, bodies: Sequence[bytes]) -> list[float]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=120)
    took = []
    for body in bodies:
        begun = time.monotonic()
        connection.request("POST", path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {answer[:300]!r}")
        took.append(time.monotonic() - begun)
    connection.close()
    return took
