"""Bodies of tiny parts are refused before they are parsed; telemetry of any size is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.load.calls import Mix, call_at
from benchmarks.load.otlp_bodies import otlp_body
from collector.receivers.received import Received
from ledger.domain.errors import UnreadableBody
from tests.decoders import logs, metrics, traces
from tests.unit.receivers.otlp import START_NANOS

Decode = Callable[[bytes, str | None], Received]
DECODERS = (traces.decode_protobuf, logs.decode_protobuf, metrics.decode_protobuf)


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    size, varint = len(content), bytearray()
    while size > 127:
        varint.append(size & 127 | 128)
        size >>= 7
    return bytes((number << 3 | 2, *varint, size)) + content


_EMPTY = bytes((2 << 3 | 2, 0))
_NOTHING = bytes((1 << 3 | 2, 0))


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    "body",
    [
        _field(1, _field(2, _EMPTY * 4_000_000)),
        _field(1, _EMPTY * 4_000_000),
        _NOTHING * 4_000_000,
        _field(1, _field(1, _NOTHING * 4_000_000)),
    ],
    ids=["records", "scopes", "resources", "attributes of a resource"],
)
def test_a_body_of_empty_parts_is_refused(decode: Decode, body: bytes) -> None:
    with pytest.raises(UnreadableBody, match="no telemetry"):
        decode(body, None)


@pytest.mark.parametrize("number", [9, 11])
def test_a_span_of_empty_attributes_or_events_is_refused_alone(number: int) -> None:
    empty = bytes((number << 3 | 2, 0))
    if number == 11:
        empty = _field(11, _field(3, b"") * 8)
    heavy = _field(2, empty * (400_000 if number == 9 else 40_000))
    sound = otlp_body([call_at(Mix(start_unix_seconds=START_NANOS // 10**9), 1)])
    received = traces.decode_protobuf(_field(1, _field(2, heavy)) + sound)
    assert len(received.calls) == 1
    assert [refusal.path for refusal in received.refusals] == ["span"]


def test_a_large_body_of_calls_is_no_such_body() -> None:
    mix = Mix(start_unix_seconds=START_NANOS // 10**9)
    received = traces.decode_protobuf(otlp_body(call_at(mix, n) for n in range(4_000)))
    assert (len(received.calls), received.rejected) == (4_000, 0)


def test_damaged_lengths_end_the_count_and_not_the_process() -> None:
    body = b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" * 20_000
    with pytest.raises(UnreadableBody):
        traces.decode_protobuf(body)
