"""Whatever a body holds, reading it takes less than ten times its size."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from collector.receivers.received import Received
from ledger.domain.errors import TollbookError
from ledger.pricing.catalog import infer_provider
from tests.decoders import calls_json, litellm, logs, metrics, traces
from tests.factories.calls import a_record
from tests.unit.receivers import otlp
from tests.unit.receivers.litellm.payloads import a_payload
from tests.unit.receivers.signals import requests

BYTES = 400_000
TIMES = 10
ROOM_BYTES = 500_000
"""What does not grow with the body: buffers, caches, the first refusals."""

MANY = {f"gen_ai.custom.{number}": "some text" for number in range(100_000)}
TAGS = {f"tollbook.tags.{number}": number for number in range(10_000)}
LONG = {"gen_ai.input.messages": "x" * 2**20, "gen_ai.request.model": "\N{SNOWMAN}" * 2**18}
OWN = {"started_at": "now", "tenant": "acme", "model": "m"}
OWN_MAP = {"body": {**OWN, "tags": TAGS}}
OWN_ATTRIBUTES = {"attributes": {**{f"tollbook.{name}": "m" for name in OWN}, **TAGS}}


USAGES: dict[str, Any] = {f"{number}": {"a": {"b": []}} for number in range(5_000)}
OWN_USAGE = {"body": {**OWN, "raw_usage": USAGES}}


def with_usages(raw: bytes) -> bytes:
    """Calls that hardly say more than this usage."""
    call = b'{"tenant":"a","started_at":"2026-11-02T09:30:00Z","model":"m","raw_usage":%b}' % raw
    return b"[" + b",".join([call] * (BYTES // len(call))) + b"]"


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of protobuf."""
    size = bytearray()
    rest = len(content)
    while rest > 127:
        size.append(rest & 127 | 128)
        rest >>= 7
    return bytes([number << 3 | 2, *size, rest]) + content


def wrapped(content: bytes, *numbers: int) -> bytes:
    """The content within these fields, the innermost last."""
    for number in reversed(numbers):
        content = field(number, content)
    return content


def in_json(*path: str) -> Callable[[bytes], bytes]:
    """A body of OTLP's JSON with millions of small values at the end of the path."""

    def body(value: bytes) -> bytes:
        opening = b"".join(b'{"%b":[' % name.encode() for name in path)
        values = (value + b",") * (BYTES // (len(value) + 1))
        return opening + values + value + b"]}" * len(path)

    return body


def with_one(record: dict[str, Any], name: str, value: bytes) -> bytes:
    """A record with a field of this JSON."""
    return json.dumps(record)[:-1].encode() + b', "%b": %b}' % (name.encode(), value)


def ones(count: int = BYTES // 2) -> bytes:
    return b"[" + b"1," * count + b"1]"


SPANS = in_json("resourceSpans", "scopeSpans", "spans")
EVENTS = in_json("resourceSpans", "scopeSpans", "spans", "events")
LOGS = in_json("resourceLogs", "scopeLogs", "logRecords")
POINTS = in_json("resourceMetrics", "scopeMetrics", "metrics")

CASES: dict[str, tuple[Callable[[bytes], Received], bytes]] = {
    "traces pb: attributes": (
        traces.decode_protobuf, otlp.protobuf_request(otlp.a_span(MANY))),
    "traces pb: tags": (traces.decode_protobuf, otlp.protobuf_request(otlp.a_span(TAGS))),
    "traces pb: strings": (traces.decode_protobuf, otlp.protobuf_request(otlp.a_span(LONG))),
    "traces pb: no spans": (traces.decode_protobuf, wrapped(b"\x12\0" * (BYTES // 8), 1, 2)),
    "traces pb: no events": (traces.decode_protobuf, wrapped(b"\x5a\0" * BYTES, 1, 2, 2)),
    "traces json: attributes": (traces.decode_json, otlp.json_request(otlp.a_span(MANY))),
    "traces json: strings": (traces.decode_json, otlp.json_request(otlp.a_span(LONG))),
    "traces json: no spans": (traces.decode_json, SPANS(b"{}")),
    "traces json: small spans": (traces.decode_json, SPANS(b'{"a":1 }')),
    "traces json: small events": (traces.decode_json, EVENTS(b'{"a":1 }')),
    "logs pb: attributes": (
        logs.decode_protobuf, requests.protobuf_request(requests.an_event(MANY))),
    "logs pb: strings": (
        logs.decode_protobuf, requests.protobuf_request(requests.an_event(LONG))),
    "logs pb: own map": (logs.decode_protobuf, requests.protobuf_request(OWN_MAP)),
    "logs pb: own": (logs.decode_protobuf, requests.protobuf_request(OWN_ATTRIBUTES)),
    "logs pb: no records": (logs.decode_protobuf, wrapped(b"\x12\0" * (BYTES // 8), 1, 2)),
    "logs json: attributes": (logs.decode_json, requests.json_request(requests.an_event(MANY))),
    "logs json: own map": (logs.decode_json, requests.json_request(OWN_MAP)),
    "logs json: own": (logs.decode_json, requests.json_request(OWN_ATTRIBUTES)),
    "logs pb: usage": (logs.decode_protobuf, requests.protobuf_request(OWN_USAGE)),
    "logs json: usage": (logs.decode_json, requests.json_request(OWN_USAGE)),
    "logs json: small records": (logs.decode_json, LOGS(b'{"a":1 }')),
    "metrics pb: no points": (metrics.decode_protobuf, wrapped(b"\x0a\0" * BYTES, 1, 2, 2, 5)),
    "metrics json: small metrics": (metrics.decode_json, POINTS(b'{"a":1 }')),
    "calls: ones": (calls_json.decode_json, ones()),
    "calls: short texts": (calls_json.decode_json, b"[" + b'"12345",' * 200_000 + b"1]"),
    "calls: lines": (calls_json.decode_ndjson, b"12\n" * (BYTES // 5)),
    "calls: vectors": (
        calls_json.decode_json,
        b"[" + b",".join([with_one(a_record(), "vector", ones(1000))] * 200) + b"]"),
    "calls: evidence": (
        calls_json.decode_json,
        b"[" + b",".join([with_one(a_record(id=5), "vector", ones(1000))] * 200) + b"]"),
    "calls: tags": (
        calls_json.decode_json, with_one(a_record(), "tags", b'{"a":' + ones() + b"}")),
    "calls: usage of objects": (calls_json.decode_json, with_usages(b'{"1":{"a":{}},"2":{}}')),
    "calls: usage of lists": (
        calls_json.decode_json, with_usages(b'{"a":[' + b"[]," * 60 + b"[]]}")),
    "calls: usage of counts": (
        calls_json.decode_json,
        with_usages(b"{" + b",".join(b'"%d":1.5' % n for n in range(64)) + b"}")),
    "calls: damaged string": (
        calls_json.decode_json, b'["' + b"x" * BYTES + b'", {"a":}]'),
    "calls: duplicate keys": (
        calls_json.decode_json, with_one(a_record(), "a", b'{"a":1' + b',"a":1' * 50_000 + b"}")),
    "litellm: content": (
        litellm.decode, json.dumps(a_payload(messages=["x" * 100] * 5_000)).encode()),
    "litellm: tags": (litellm.decode, with_one(a_payload(), "request_tags", ones())),
    "litellm: metadata": (litellm.decode, with_one(a_payload(), "metadata", ones())),
    "litellm: lines": (litellm.decode, b"{}\n" * (BYTES // 6)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_reading_takes_less_than_ten_times_the_body(name: str) -> None:
    decode, body = CASES[name]
    infer_provider("m")  # Reads the price catalog, once in a process.
    tracemalloc.start()
    try:
        with contextlib.suppress(TollbookError):
            decode(body)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < TIMES * len(body) + ROOM_BYTES


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("name", ["calls: ones", "traces json: no spans", "litellm: lines"])
def test_deep_nesting_is_survived(name: str, opening: bytes) -> None:
    with contextlib.suppress(TollbookError):
        CASES[name][0](opening * 200_000)


def test_a_body_of_garbage_is_counted_and_only_its_first_refusals_are_told() -> None:
    received = calls_json.decode_ndjson(b"garbage\n" * 30_000)
    assert received.rejected == 30_000
    assert (len(received.refusals), received.refused_beyond) == (10_000, 20_000)
    assert received.refusals[0].payload is not None
    assert received.refusals[-1].payload is None
