"""No bytes make a receiver raise anything but an error of ours."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from collector.receivers.body import ENCODINGS, decompress
from collector.receivers.received import Received
from ledger.domain.errors import TollbookError, UnreadableBody
from tests.decoders import calls_json, litellm, logs, metrics, traces
from tests.factories.calls import a_record
from tests.properties.strategies import json_values
from tests.unit.receivers import otlp
from tests.unit.receivers.litellm.payloads import a_payload
from tests.unit.receivers.signals import requests
from tests.unit.receivers.signals.test_metrics import a_request, as_json

Decode = Callable[[bytes], Received]

RECORD = json.dumps(a_record(id="a-record")).encode()
PAYLOAD = json.dumps(a_payload()).encode()
OWN = {"body": a_record(id="a-record"), "attributes": {"tollbook.started_at": "now"}}
EVENTS = (requests.an_event(), OWN, {"body": RECORD.decode()})

DECODERS: dict[str, tuple[Decode, bytes]] = {
    "calls json": (calls_json.decode_json, b"[" + RECORD + b", " + RECORD + b"]"),
    "calls ndjson": (calls_json.decode_ndjson, RECORD + b"\n" + RECORD),
    "traces protobuf": (
        traces.decode_protobuf,
        otlp.protobuf_request(otlp.a_span(events=[("e", 1)]), otlp.a_span(error=True)),
    ),
    "traces json": (traces.decode_json, otlp.json_request(otlp.a_span(), otlp.a_span())),
    "logs protobuf": (logs.decode_protobuf, requests.protobuf_request(*EVENTS)),
    "logs json": (logs.decode_json, requests.json_request(*EVENTS)),
    "metrics protobuf": (metrics.decode_protobuf, a_request().SerializeToString()),
    "metrics json": (metrics.decode_json, as_json()),
    "litellm": (litellm.decode, b"[" + PAYLOAD + b", " + PAYLOAD + b"]"),
}
JSON = [name for name in DECODERS if "protobuf" not in name]

hostile = st.sampled_from(
    [
        b"1e999", b"-1", b"1" * 400, b"1" * 4000, b"1e-999999999", b"9" * 19, b"0.1e99999",
        b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"', b'"\xff"', b'"' + b"9" * 30 + b'"',
        b"NaN", b'"NaN"', b'"Infinity"', b"[" * 2000, b'{"a":' * 2000, b'"x', b"\x00", b"",
    ]
)  # fmt: skip


def survives(decode: Decode, body: bytes) -> None:
    with contextlib.suppress(TollbookError):
        decode(body)


@pytest.mark.parametrize("name", DECODERS)
def test_the_sound_body_is_sound(name: str) -> None:
    decode, body = DECODERS[name]
    received = decode(body)
    assert not received.refusals
    assert received.calls or received.ignored


@pytest.mark.parametrize("name", DECODERS)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_survived(name: str, body: bytes) -> None:
    survives(DECODERS[name][0], body)


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_damaged_bodies_are_survived(name: str, data: st.DataObject) -> None:
    decode, body = DECODERS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 4))
        body = body[:at] + data.draw(st.binary(max_size=4)) + body[at + cut :]
    survives(decode, body)


@pytest.mark.parametrize("name", JSON)
@given(data=st.data())
def test_any_value_in_the_place_of_another_is_survived(name: str, data: st.DataObject) -> None:
    decode, body = DECODERS[name]
    value = data.draw(st.sampled_from(_scalars(body)))
    at = data.draw(st.sampled_from(_places(body, value)))
    other = data.draw(hostile | json_values.map(lambda v: json.dumps(v).encode()))
    survives(decode, body[:at] + other + body[at + len(value) :])


@given(
    encoding=st.sampled_from(ENCODINGS),
    content=st.binary(max_size=2000),
    data=st.data(),
)
def test_compressed_bodies_come_out_whole_or_are_refused(
    encoding: str, content: bytes, data: st.DataObject
) -> None:
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress,
    }  # fmt: skip
    body = compress[encoding](content)
    assert decompress(body, encoding, 2000) == content.removeprefix(codecs.BOM_UTF8)
    at = data.draw(st.integers(0, len(body)))
    damaged = (
        body[:at] + data.draw(st.binary(max_size=4)) + body[at + data.draw(st.integers(0, 4)) :]
    )
    with contextlib.suppress(TollbookError):
        assert len(decompress(damaged, encoding, 2000)) <= 2000


@given(encoding=st.sampled_from(ENCODINGS), body=st.binary(min_size=1, max_size=200))
def test_arbitrary_bytes_are_no_gzip_and_no_zstd(encoding: str, body: bytes) -> None:
    if encoding == "deflate":
        with contextlib.suppress(TollbookError):
            decompress(body, encoding, 2000)
    else:
        with pytest.raises(UnreadableBody):
            decompress(body, encoding, 2000)


def _scalars(body: bytes) -> list[bytes]:
    """The plain values in a JSON body, as they are written in it."""
    found: set[bytes] = set()

    def visit(value: Any) -> None:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                visit(inner)
        else:
            found.add(json.dumps(value).encode())

    for document in [body] if body.startswith((b"[", b'{"reso')) else body.split(b"\n"):
        visit(json.loads(document))
    return sorted(found)


def _places(body: bytes, value: bytes) -> list[int]:
    places = []
    at = body.find(value)
    while at >= 0:
        places.append(at)
        at = body.find(value, at + 1)
    return places
