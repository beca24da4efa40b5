"""Spans that are alike are read by a shorter way, which must lead to the same calls."""

from __future__ import annotations

from base64 import b64decode
from random import Random
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks.load.calls import Mix, call_at
from benchmarks.load.otlp_bodies import otlp_body
from tests.decoders.traces import decode_json, decode_protobuf
from tests.unit.receivers.otlp import START_NANOS, attribute_pairs

_CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
_SPANS: list[dict[str, Any]] = [
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "gen_ai.usage.input_tokens": 10,
     "gen_ai.usage.output_tokens": 1, "gen_ai.response.id": "r-1", "user.id": "u-1"},
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "gen_ai.usage.input_tokens": 20},
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "tollbook.id": "mine", "session.id": "s"},
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "tollbook.reported_cost_usd": "0.5"},
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "tollbook.tags.team": "search"},
    {**_CHAT, "gen_ai.response.model": "gpt-4o", "error.type": "429"},
    {"tollbook.feature": "no call"},
    {"tollbook.feature": "no call", "user.id": "u-2"},
    {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o",
     "llm.token_count.prompt": 5, "llm.token_count.completion": 6},
    {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o",
     "llm.token_count.prompt": 7, "llm.token_count.completion": 8},
]  # fmt: skip


def _request(spans: list[tuple[dict[str, Any], bool]], *, together: bool) -> bytes:
    request = ExportTraceServiceRequest()
    scope = None
    for number, (attributes, is_error) in enumerate(spans, start=1):
        if scope is None or not together:
            resource = request.resource_spans.add()
            resource.resource.attributes.extend(
                attribute_pairs({"tenant.id": "acme", "user.id": "of the resource"})
            )
            scope = resource.scope_spans.add()
        span = scope.spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=START_NANOS + number,
            end_time_unix_nano=START_NANOS + 10**9 + number,
        )
        span.attributes.extend(attribute_pairs(attributes))
        if is_error:
            span.status.code = Status.STATUS_CODE_ERROR
            event = Span.Event(name="exception")
            event.attributes.extend(attribute_pairs({"exception.type": "Broken"}))
            span.events.append(event)
    return request.SerializeToString()


@pytest.mark.parametrize("seed", range(30))
def test_spans_in_one_request_become_the_calls_they_are_each_alone(seed: int) -> None:
    random = Random(seed)
    spans = [(random.choice(_SPANS), random.random() < 0.1) for _ in range(40)]

    together = decode_protobuf(_request(spans, together=True))
    alone = decode_protobuf(_request(spans, together=False))

    assert together.calls == alone.calls
    assert (together.ignored, together.refusals) == (alone.ignored, alone.refusals)
    assert len(together.calls) + together.ignored + len(together.refusals) == len(spans)


def test_a_body_of_an_instrumented_app_holds_512_calls_in_either_encoding() -> None:
    mix = Mix(start_unix_seconds=START_NANOS // 10**9)
    body = otlp_body(call_at(mix, number) for number in range(512))
    received = decode_protobuf(body)
    assert len(received.calls) == 512
    assert received.calls == decode_json(_as_json(body)).calls


def _as_json(body: bytes) -> bytes:
    """OTLP's JSON of a protobuf request: as protobuf's own but for hexadecimal ids."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId"):
                    span[name] = b64decode(span[name]).hex()
    return msgspec.json.encode(request)
