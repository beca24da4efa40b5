"""Senders that stall, stop halfway or bring calls of a thousand days keep nobody else waiting."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import urllib3

from tests.factories.calls import START, a_record

_HEAD = b"POST /v1/calls HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"


def _connected(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30)


def _answer(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(4096):
        parts.append(part)
    return b"".join(parts)


def _post(url: str, records: list[dict[str, object]]) -> dict[str, int]:
    response = urllib3.request("POST", f"{url}/v1/calls", json=records, timeout=120)
    answer: dict[str, int] = response.json()
    return answer


def _kept_reason(url: str) -> str:
    """The reason of the one refusal that is kept, once it is."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        kept = urllib3.request("GET", f"{url}/v1/rejected").json()["rejected"]
        if kept:
            return str(kept[0]["reason"])
        time.sleep(0.05)
    raise AssertionError("no refusal is kept")


def test_a_body_shorter_than_announced_is_not_booked_and_told_as_refused(
    collector_url: str,
) -> None:
    body = json.dumps(a_record()).encode()
    with _connected(collector_url) as connection:
        connection.sendall(_HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 100) + body)
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in _answer(connection).partition(b"\r\n")[0]
    assert _kept_reason(collector_url).startswith(f"the body ended after {len(body)} of")
    assert urllib3.request("GET", f"{collector_url}/v1/spend").json()["rows"][0]["calls"] == 0


def test_a_chunked_body_that_breaks_off_is_told_as_refused(collector_url: str) -> None:
    with _connected(collector_url) as connection:
        connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in _answer(connection).partition(b"\r\n")[0]
    assert _kept_reason(collector_url) == "the body ended after 1 bytes"


def test_senders_that_fall_silent_are_let_go(collector_url: str) -> None:
    """More of them than the two processes have threads: then others are served again."""
    silent = [_connected(collector_url) for _ in range(70)]
    for connection in silent:
        connection.sendall(_HEAD + b"Content-Length: 1000\r\n\r\n{")
    try:
        assert _post(collector_url, [a_record()])["booked"] == 1
    finally:
        for connection in silent:
            connection.close()


def test_questions_whose_bodies_never_come_hold_no_thread(collector_url: str) -> None:
    """More of them than the two processes have threads that answer questions."""
    head = _HEAD.replace(b"/v1/calls", b"/v1/calls/c-1/outcome") + b"Content-Length: 100\r\n\r\n{"
    silent = [_connected(collector_url) for _ in range(40)]
    try:
        for connection in silent:
            connection.sendall(head)
        time.sleep(0.3)
        for path in ("healthz", "v1/spend"):
            assert urllib3.request("GET", f"{collector_url}/{path}", timeout=5).status == 200
        first = _answer(silent[0])
        assert b" 408 " in first.partition(b"\r\n")[0]
        assert b"connection: close" in first
        assert b"nothing more of the body came for 10 s" in first
    finally:
        for connection in silent:
            connection.close()


def test_a_sender_of_many_days_keeps_only_itself_waiting(collector_url: str) -> None:
    days = [a_record(started_at=(START - timedelta(days=n)).isoformat()) for n in range(400)]
    assert _post(collector_url, [a_record(tenant="other")])["booked"] == 1
    with ThreadPoolExecutor(1) as background:
        backfill = background.submit(_post, collector_url, days)
        answered_meanwhile = 0
        while not backfill.done():
            assert _post(collector_url, [a_record(tenant="other")])["booked"] == 1
            answered_meanwhile += not backfill.done()
            time.sleep(0.05)
        assert backfill.result()["booked"] == 400
    assert answered_meanwhile > 5
