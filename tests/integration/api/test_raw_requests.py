"""Requests as bytes on the wire, to a real collector."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.factories.calls import a_record
from tests.servers.databases import TestServer
from tests.servers.exposition import samples
from tests.servers.processes import free_port, running

LIMIT_BYTES = 100_000


@pytest.fixture(scope="module")
def raw_url(server: TestServer) -> Iterator[str]:
    """A real collector with a small limit, shared: every test here leaves it answering."""
    bind = f"127.0.0.1:{free_port()}"
    with (
        server.fresh_database() as url,
        running(
            "collect",
            ready_url=f"http://{bind}/readyz",
            database_url=url,
            collector_bind=bind,
            ingest_workers="1",
            max_body_bytes=str(LIMIT_BYTES),
        ),
    ):
        yield f"http://{bind}"
        assert _ask(raw=_head("GET", "/healthz"), url=f"http://{bind}")[0] == 200


def test_a_chunked_body_without_a_length_is_booked(raw_url: str) -> None:
    body = json.dumps([a_record(), a_record()]).encode()
    half = len(body) // 2

    status, _, answer = _ask(raw_url, _chunked(body[:half], body[half:]))

    assert status == 200
    assert json.loads(answer)["booked"] == 2


def test_a_chunked_body_over_the_limit_is_answered_with_413(raw_url: str) -> None:
    status, headers, answer = _ask(raw_url, _chunked(b"[", *[b" " * 10_000] * 11))

    assert status == 413
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(answer)["status"] == 413


def test_an_announced_length_over_the_limit_is_answered_before_the_body_comes(
    raw_url: str,
) -> None:
    head = _head("POST", "/v1/calls", "Content-Type: application/json", "Content-Length: 100001")

    status, _, answer = _ask(raw_url, head)

    assert status == 413
    assert json.loads(answer)["status"] == 413


def test_a_post_without_any_body_is_a_400_problem(raw_url: str) -> None:
    status, headers, answer = _ask(
        raw_url, _head("POST", "/v1/calls", "Content-Type: application/json")
    )

    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert "empty" in json.loads(answer)["detail"]


def test_a_body_cut_off_by_its_sender_books_nothing_and_harms_nobody(raw_url: str) -> None:
    body = json.dumps(a_record(tenant="cut-off")).encode()
    head = _head(
        "POST", "/v1/calls", "Content-Type: application/json", f"Content-Length: {len(body)}"
    )

    with _connected(raw_url) as connection:
        connection.sendall(head + body[:-10])

    good = json.dumps(a_record(tenant="whole")).encode()
    assert _ask(raw_url, _chunked(good))[0] == 200
    rows = json.loads(_ask(raw_url, _head("GET", "/v1/spend?group_by=tenant"))[2])["rows"]
    tenants = {row["tenant"] for row in rows}
    assert "whole" in tenants
    assert "cut-off" not in tenants


@pytest.mark.parametrize("length", ["abc", "-1"])
def test_a_length_that_is_none_is_refused(length: str, raw_url: str) -> None:
    head = _head("POST", "/v1/calls", "Content-Type: application/json", f"Content-Length: {length}")

    assert _ask(raw_url, head)[0] == 400


def test_bytes_that_are_no_http_are_refused(raw_url: str) -> None:
    assert _ask(raw_url, b"\x16\x03\x01 hello\r\n\r\n")[0] == 400


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"a" * 70_000, b"\r\n".join([b"X: " + b"a" * 1000] * 70), b"X: " + b"a" * 2_000_000],
    ids=["one header", "many headers", "a header without end"],
)
def test_a_head_beyond_64_kib_is_refused_with_431(headers: bytes, raw_url: str) -> None:
    with _connected(raw_url) as connection, suppress(ConnectionError):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: collector\r\n" + headers)
        connection.sendall(b"\r\n\r\n")
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 431
    assert _ask(raw_url, _head("GET", "/healthz"))[0] == 200


def test_every_record_that_came_in_is_counted_once_over_all_processes(collector_url: str) -> None:
    known = a_record()
    bad = [a_record(usage={"input_tokens": -1}), a_record(tenant=None)]
    expected = {"booked": 4, "duplicate": 2, "rejected": 9}

    for records in ([known, known, *bad], [known, a_record()], [*bad, a_record(), a_record()]):
        assert _ask(collector_url, _chunked(json.dumps(records).encode()))[0] == 200
    assert _ask(collector_url, _chunked(json.dumps([*bad, *bad]).encode()))[0] == 400
    assert _ask(collector_url, _chunked(b"no json"))[0] == 400

    # /metrics may be a second old.
    deadline = time.monotonic() + 10
    while (found := _counted(collector_url)) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == expected


def _counted(url: str) -> dict[str, int]:
    metrics = _ask(url, _head("GET", "/metrics"))[2].decode()
    return {
        sample.labels["result"]: int(sample.value)
        for sample in samples(metrics, "tollbook_ingest_calls_total")
        if sample.value
    }


def _head(method: str, path: str, *headers: str) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: collector", "Connection: close", *headers)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _chunked(*chunks: bytes) -> bytes:
    head = _head(
        "POST", "/v1/calls", "Content-Type: application/json", "Transfer-Encoding: chunked"
    )
    framed = (b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return head + b"".join(framed)


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def _ask(url: str, raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; the answer's status, headers and body."""
    with _connected(url) as connection:
        connection.sendall(raw)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    found = re.fullmatch(r"HTTP/1\.[01] (\d{3}) .*", first)
    assert found is not None, answer[:200]
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(found[1]), headers, body
