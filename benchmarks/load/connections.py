"""Keep-alive connections of one sender process, driven by one loop: the client's own cost is low.

Answers are read only as far as HTTP needs: status and length.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.load.plans import Job

_AGAIN_SECONDS = 0.1
_STUCK_SECONDS = 120.0
_ACKNOWLEDGED = (200, 202)
_BUSY = (429, 502, 503, 504)


class Acknowledgement(NamedTuple):
    """One answered request; times are monotonic seconds, the same in every process."""

    due: float
    oldest: float
    done: float
    calls: int
    new_calls: int
    spooled: bool
    attempts: int


class _Connection:
    def __init__(self, address: tuple[str, int], jobs: Iterator[Job]) -> None:
        self.jobs = jobs
        self.job: Job | None = None
        self.attempts = 0
        self._address = address
        self._sent = 0
        self._answer = b""
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=_STUCK_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def begin(self) -> bool:
        self.attempts += 1
        self._sent, self._answer = 0, b""
        return self.send()

    def send(self) -> bool:
        """Send what the socket takes; returns whether all is sent."""
        assert self.job is not None
        with memoryview(self.job.request) as view:
            while self._sent < len(view):
                try:
                    self._sent += self.socket.send(view[self._sent :])
                except BlockingIOError:
                    return False
        return True

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body of a whole answer; None while some of it is missing."""
        part = self.socket.recv(1 << 16)
        if not part:
            raise ConnectionResetError("the server closed the connection instead of answering")
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return None
        return int(head[9:12]), body


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError(f"an answer without Content-Length: {head[:200]!r}")


class Driver:
    """Runs all connections of one process until their jobs end and all are answered."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._address = (str(split.hostname), split.port or 80)
        self._connections: list[_Connection] = []
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int]] = []
        self._busy = 0
        self._acknowledged: list[Acknowledgement] = []

    def run(self, jobs: Sequence[Iterator[Job]]) -> list[Acknowledgement]:
        """Send each sequence of jobs over a connection of its own.

        A request that the server was too busy for, or whose connection broke, is sent again.
        Raises RuntimeError for an answer that means the load itself is wrong.
        """
        self._connections = [_Connection(self._address, own_jobs) for own_jobs in jobs]
        for place in range(len(jobs)):
            self._plan_next(place)
        while self._due or self._busy:
            self._begin_those_due()
            wait = self._due[0][0] - time.monotonic() if self._due else _STUCK_SECONDS
            ready = self._selector.select(max(0.0, wait))
            if not ready and not self._due:
                raise RuntimeError(f"no answer within {_STUCK_SECONDS:.0f} s")
            for key, events in ready:
                self._advance(key.data, events)
        for connection in self._connections:
            connection.socket.close()
        return self._acknowledged

    def _plan_next(self, place: int) -> None:
        connection = self._connections[place]
        connection.job = next(connection.jobs, None)
        connection.attempts = 0
        if connection.job is not None:
            heapq.heappush(self._due, (connection.job.due, place))

    def _begin_those_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, place = heapq.heappop(self._due)
            connection = self._connections[place]
            events = selectors.EVENT_READ
            try:
                if not connection.begin():
                    events |= selectors.EVENT_WRITE
            except ConnectionError:
                self._connect_again(place)
                continue
            self._selector.register(connection.socket, events, place)
            self._busy += 1

    def _advance(self, place: int, events: int) -> None:
        connection = self._connections[place]
        try:
            if events & selectors.EVENT_WRITE and connection.send():
                self._selector.modify(connection.socket, selectors.EVENT_READ, place)
            answer = connection.receive() if events & selectors.EVENT_READ else None
        except ConnectionError:
            self._end_waiting(connection)
            self._connect_again(place)
            return
        if answer is not None:
            self._end_waiting(connection)
            self._settle(place, *answer)

    def _end_waiting(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        self._busy -= 1

    def _connect_again(self, place: int) -> None:
        self._connections[place].socket.close()
        self._connections[place].connect()
        heapq.heappush(self._due, (time.monotonic(), place))

    def _settle(self, place: int, status: int, body: bytes) -> None:
        connection, now = self._connections[place], time.monotonic()
        job = connection.job
        assert job is not None
        if status in _BUSY:
            heapq.heappush(self._due, (now + _AGAIN_SECONDS, place))
            return
        if status not in _ACKNOWLEDGED:
            raise RuntimeError(f"{status}: {body[:500]!r}")
        self._acknowledged.append(
            Acknowledgement(
                job.due,
                job.oldest,
                now,
                job.calls,
                job.new_calls,
                status != _ACKNOWLEDGED[0],
                connection.attempts,
            )
        )
        self._plan_next(place)
