"""What real SDKs sent (tests/golden/sdk), and the calls that must be booked of it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.receivers.received import Received
from ledger.domain.calls import Call
from ledger.domain.joining import join
from ledger.pricing.book import is_refused_by_provider
from tests.decoders.traces import decode_json, decode_protobuf
from tests.unit.receivers.dialects.sdk_losses import LOSSES

GOLDEN = Path(__file__).parents[3] / "golden" / "sdk"
_NOT_EXPECTED = frozenset(
    ("id", "started_at", "duration_seconds", "raw_usage", "trace_id", "span_id", "receiver")
)
"""Fields whose values are of the moment, or are told by the request right below."""
_IDS = frozenset(("traceId", "spanId", "parentSpanId"))
TWO_CALLS = frozenset(("traceloop_anthropic/bad_request", "traceloop_anthropic/rate_limited"))
"""Told in two traces and without the id of a response, since there was none."""
_DEFAULTS = {"status": "ok", "operation": "chat"}


class Golden(NamedTuple):
    """One captured request."""

    name: str
    served: dict[str, Any]
    expected_calls: list[dict[str, Any]]
    request: dict[str, Any]


def _goldens() -> Iterator[Golden]:
    for path in sorted(GOLDEN.glob("*/*.json")):
        told = json.loads(path.read_text())
        name = f"{path.parent.name}/{path.stem}"
        yield Golden(name, told["served"], told["expected_calls"], told["request"])


GOLDENS = list(_goldens())
every_golden = pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)


def received(golden: Golden, encoding: str = "json") -> Received:
    """What the receiver makes of a golden request."""
    if encoding == "json":
        return decode_json(json.dumps(golden.request).encode())
    return decode_protobuf(_as_protobuf(golden.request))


def told(call: Call) -> dict[str, Any]:
    """What a call says beyond its defaults, as JSON."""
    fields = msgspec.to_builtins(call)
    fields["usage"] = {name: n for name, n in fields["usage"].items() if n is not None}
    return {
        name: value
        for name, value in fields.items()
        if name not in _NOT_EXPECTED
        and value not in (None, "", {})
        and _DEFAULTS.get(name) != value
    }


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
@every_golden
def test_a_request_of_an_sdk_becomes_the_calls_of_its_golden_file(
    golden: Golden, encoding: str
) -> None:
    result = received(golden, encoding)
    assert result.refusals == []
    assert [told(call) for call in result.calls] == golden.expected_calls
    spans = list(_spans(golden.request))
    assert result.ignored == len(spans) - len(result.calls)
    ids = {(span["traceId"], span["spanId"]) for span in spans}
    assert {(call.trace_id, call.span_id) for call in result.calls} <= ids


@every_golden
def test_the_tokens_are_those_that_the_provider_served(golden: Golden) -> None:
    served = golden.served["usage"]
    for call in golden.expected_calls if served else []:
        lost = LOSSES.get(golden.name, {}).get(call["dialect"], {})
        assert _counted(call.get("usage", {})) == _counted({**served, **lost})


@every_golden
def test_what_the_provider_did_not_say_stays_unknown(golden: Golden) -> None:
    for call in golden.expected_calls if golden.served["usage"] is None else []:
        assert "output_tokens" not in call.get("usage", {})
        assert 0 not in call.get("usage", {}).values()


@every_golden
def test_a_refused_request_is_seen_as_refused_and_no_other(golden: Golden) -> None:
    refused = 400 <= golden.served["status"] < 500
    for call in golden.expected_calls:
        assert is_refused_by_provider(call.get("error_type")) is refused
        assert (call.get("status") == "error") is (golden.served["status"] != 200)


def test_every_loss_is_of_a_golden_file() -> None:
    assert LOSSES.keys() <= {golden.name for golden in GOLDENS}


@pytest.mark.parametrize(
    ("folder", "dialects"),
    [
        ("anthropic_alone", {"anthropic_sdk"}),
        ("langfuse_by_hand", {"langfuse"}),
        ("langfuse_openai", {"langfuse"}),
        ("litellm_otel", {"litellm"}),
        ("openinference_anthropic", {"openinference", "anthropic_sdk"}),
        ("openinference_openai", {"openinference"}),
        ("openlit_anthropic", {"openlit"}),
        ("openlit_openai", {"openlit"}),
        ("otel_genai_openai", {"otel_genai"}),
        ("traceloop_anthropic", {"traceloop", "anthropic_sdk"}),
        ("traceloop_old", {"traceloop"}),
        ("traceloop_openai", {"traceloop"}),
    ],
)
def test_every_sdk_is_read_in_its_own_dialect(folder: str, dialects: set[str]) -> None:
    calls = [
        call
        for golden in GOLDENS
        if golden.name.startswith(f"{folder}/")
        for call in golden.expected_calls
    ]
    assert {call["dialect"] for call in calls} == dialects


@pytest.mark.parametrize(
    "golden",
    [golden for golden in GOLDENS if len(golden.expected_calls) > 1],
    ids=lambda golden: golden.name,
)
def test_two_spans_of_one_request_are_joined_as_the_providers_own_sdk_tells_it(
    golden: Golden,
) -> None:
    joined = join(received(golden).calls)
    if golden.name in TWO_CALLS:
        assert len(joined) == 2
    else:
        ((call, records),) = ((each.call, each.records) for each in joined)
        assert (len(records), call.dialect) == (2, "anthropic_sdk")
        assert told(call).get("usage") == golden.expected_calls[0].get("usage")


def _counted(usage: dict[str, int]) -> dict[str, int]:
    return {name: tokens for name, tokens in usage.items() if tokens}


def _spans(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in request.get("resourceSpans", []):
        for scope_spans in resource_spans["scopeSpans"]:
            yield from scope_spans["spans"]


def _as_protobuf(request: dict[str, Any]) -> bytes:
    """Protobuf's own JSON has its bytes in base64, where OTLP's has hexadecimal digits."""
    document = json.loads(json.dumps(request))
    for span in _spans(document):
        for name in _IDS & span.keys():
            span[name] = b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(document, ExportTraceServiceRequest()).SerializeToString()
