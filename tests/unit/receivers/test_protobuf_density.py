"""Bodies of OTLP in protobuf that hold far more entries than telemetry does."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.receivers.protobuf_density import refuse_many_entries
from ledger.domain.errors import UnreadableBody

MIB = 1024 * 1024


def within(tag: int, body: bytes) -> bytes:
    size = b""
    left = len(body)
    while left > 0x7F:
        size += bytes([left & 0x7F | 0x80])
        left >>= 7
    return bytes([tag]) + size + bytes([left]) + body


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * MIB,
        b"\x0a\x02\x12\x00" * MIB,
        within(0x0A, b"\x12\x00" * MIB),
        within(0x0A, within(0x12, b"\x12\x00" * MIB)),
        within(0x0A, b"\x0a\x00" * MIB),
        b"\x10\x01" * MIB,
        b"\x13\x14" * MIB,
    ],
    ids=["resources", "scopes of resources", "scopes", "spans", "a resource", "unknown", "groups"],
)
def test_millions_of_empty_entries_are_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="no telemetry"):
        refuse_many_entries(body)


def test_many_small_spans_are_telemetry() -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(30_000):
        spans.add(
            trace_id=number.to_bytes(16), span_id=number.to_bytes(8), start_time_unix_nano=number
        )
    body = request.SerializeToString()
    assert len(body) > MIB
    refuse_many_entries(body)


@pytest.mark.parametrize("end", [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a" + b"\xff" * 20])
def test_what_is_cut_or_damaged_is_left_to_the_parser(end: bytes) -> None:
    refuse_many_entries(within(0x0A, bytes([0x1A]) + b"\x80\x80\x40" + b"x" * MIB) + end)


def test_a_small_body_is_always_read() -> None:
    refuse_many_entries(b"\x0a\x00" * 1000)
