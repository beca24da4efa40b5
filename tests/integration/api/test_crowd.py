"""Many connections and busy tenants: whoever has little to send is served all the same."""

from __future__ import annotations

import json
import resource
import socket
import statistics
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import msgspec
import pytest
import urllib3

from tests.factories.calls import a_record

_IDLE = 1_000


@pytest.fixture
def many_descriptors() -> None:
    """Room for a thousand sockets in this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


def _post(url: str, tenant: str, calls: int) -> int:
    body = json.dumps([a_record(tenant=tenant) for _ in range(calls)]).encode()
    headers = {"Content-Type": "application/json"}
    return urllib3.request("POST", f"{url}/v1/calls", body=body, headers=headers, timeout=60).status


@pytest.mark.usefixtures("many_descriptors")
def test_a_thousand_idle_connections_keep_nobody_out(collector_url: str) -> None:
    address = urlsplit(collector_url)
    with ExitStack() as connections:
        for number in range(_IDLE):
            connection = socket.create_connection((str(address.hostname), int(address.port or 0)))
            connections.enter_context(connection)
            if number % 2:
                connection.sendall(b"POST /v1/calls HTTP/1.1\r\nHost: t\r\nX-Slow: ")

        began = time.monotonic()
        assert [_post(collector_url, "acme", 1) for _ in range(20)] == [200] * 20
        assert time.monotonic() - began < 10


def test_a_busy_tenant_keeps_itself_waiting_and_no_other(collector_url: str) -> None:
    """The quiet tenant waits for a commit or two, not for the thousands of calls before it."""
    stopping = threading.Event()
    busy_seconds: list[float] = []

    def be_busy() -> None:
        while not stopping.is_set():
            began = time.monotonic()
            assert _post(collector_url, "busy", 2_000) == 200
            busy_seconds.append(time.monotonic() - began)

    senders = [threading.Thread(target=be_busy) for _ in range(24)]
    for sender in senders:
        sender.start()
    quiet_seconds = []
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        began = time.monotonic()
        assert _post(collector_url, "quiet", 1) == 200
        quiet_seconds.append(time.monotonic() - began)
    stopping.set()
    for sender in senders:
        sender.join()
    assert statistics.median(quiet_seconds) < statistics.median(busy_seconds) / 2


def test_huge_bodies_are_booked_whole_and_keep_nobody_waiting_for_their_end(
    collector_url: str,
) -> None:
    """They are read a part at a time, and others have their turns in between."""
    answers: list[tuple[float, dict[str, object]]] = []

    def send_much(number: int) -> None:
        records = [a_record(tenant=f"huge-{number}") for _ in range(20_000)]
        body = b"\n".join(map(msgspec.json.encode, records))
        headers = {"Content-Type": "application/x-ndjson"}
        began = time.monotonic()
        answer = urllib3.request(
            "POST", f"{collector_url}/v1/calls", body=body, headers=headers, timeout=120
        )
        answers.append((time.monotonic() - began, answer.json()))

    senders = [threading.Thread(target=send_much, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()
    quiet_seconds = []
    while any(sender.is_alive() for sender in senders):
        began = time.monotonic()
        assert _post(collector_url, "quiet", 1) == 200
        quiet_seconds.append(time.monotonic() - began)
    assert [answer["booked"] for _, answer in answers] == [20_000] * 3
    assert max(quiet_seconds) < min(seconds for seconds, _ in answers) / 2
