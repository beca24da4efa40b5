"""A server whose connections are bounded, and that ends without a fault."""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from collector.accepting import BalancedServer
from collector.connections import BoundedProtocol
from collector.health.board import Board

Send = Callable[[dict[str, Any]], Awaitable[None]]


class _Hasty(BoundedProtocol):
    longest_head_seconds = 0.2


async def _answer(_scope: object, _receive: object, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Where a server listens that waits 0.2 s for a head; in the end it ends well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(_answer, http=_Hasty, lifespan="off", log_config=None, ws="none")
        board = Board()
        server = BalancedServer(config, board, board.claim())
        with ThreadPoolExecutor(1) as threads:
            ended = threads.submit(server.run, sockets=[listener])
            yield listener.getsockname()
            server.should_exit = True
            ended.result(10)


def test_a_head_that_never_ends_is_given_up(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nX-")
        assert connection.recv(100) == b""


def test_a_head_that_drips_is_given_up_too(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nX-")
        with pytest.raises(ConnectionError):
            _drip(connection)


def _drip(connection: socket.socket) -> None:
    for _ in range(200):
        connection.sendall(b"a")
        time.sleep(0.05)


def test_heads_that_come_in_time_are_answered_one_after_the_other(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address, timeout=10) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nX-")
            time.sleep(0.1)
            connection.sendall(b"A: b\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")


def test_many_small_requests_in_one_write_are_no_large_head(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nX: " + b"a" * 9000 + b"\r\n\r\n")
        connection.sendall((b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 500 + b"\r\n") * 40)
        answers = b""
        while answers.count(b"HTTP/1.1 204 ") < 41:
            part = connection.recv(65_536)
            assert part, answers[-200:]
            answers += part


@contextmanager
def _no_descriptor_left() -> Iterator[None]:
    """Every further descriptor of this process is refused by the kernel."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_that_cannot_be_taken_wait_without_keeping_the_processor_busy(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as connection, caplog.at_level(logging.ERROR):
        connection.settimeout(10)
        with _no_descriptor_left():
            connection.connect(address)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            before = time.process_time()
            time.sleep(1.2)
            busy_seconds = time.process_time() - before
        assert connection.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert busy_seconds < 0.3
    # What other threads of this process say while there are no descriptors is not meant.
    ours = [record for record in caplog.records if record.name == "collector.accepting"]
    (said,) = [record.getMessage() for record in ours]
    assert "Too many open files" in said
    assert "limit of open files" in said
