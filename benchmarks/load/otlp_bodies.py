"""OTLP bodies as an instrumented app sends them: spans of about 1 KB with 20 attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from benchmarks.load.calls import LoadCall

PATH = "/v1/traces"
CONTENT_TYPE = "application/x-protobuf"


def otlp_body(calls: Iterable[LoadCall]) -> bytes:
    """One export of one service that serves many tenants: the tenant stands on the span."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    _set(resource_spans.resource.attributes, "service.name", "assistant-api")
    _set(resource_spans.resource.attributes, "deployment.environment.name", "production")
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "opentelemetry.instrumentation.genai.openai"
    for call in calls:
        _add_span(scope_spans.spans.add(), call)
    return bytes(request.SerializeToString())


def moment(unix_micros: int) -> bytes:
    """A time as it stands in a span: a fixed64 of nanoseconds."""
    return (unix_micros * 1000).to_bytes(8, "little")


def _add_span(span: Any, call: LoadCall) -> None:
    span.trace_id = call.trace_id
    span.span_id = call.span_id
    span.name = f"chat {call.model}"
    span.start_time_unix_nano = call.started_unix_micros * 1000
    span.end_time_unix_nano = (call.started_unix_micros + call.duration_micros) * 1000
    values: dict[str, str | float] = {
        "tenant.id": call.tenant,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.model,
        "gen_ai.response.id": call.response_id,
        "gen_ai.request.temperature": 0.7,
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.conversation.id": call.session,
        "server.address": "api.example.com",
        "server.port": 443,
        "user.id": call.user,
        "tollbook.feature": call.feature,
        "gen_ai.output.type": "text",
        "thread.name": "ThreadPoolExecutor-0_3",
        "app.note": "x" * 240,
    }
    if call.failed:
        values["error.type"] = "429"
        span.status.code = 2
    else:
        values |= {
            "gen_ai.usage.input_tokens": call.input_tokens,
            "gen_ai.usage.output_tokens": call.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens,
            "gen_ai.response.time_to_first_chunk": call.time_to_first_token_seconds,
        }
    for name, value in values.items():
        _set(span.attributes, name, value)


def _set(attributes: Any, name: str, value: str | float) -> None:
    if isinstance(value, str):
        any_value = AnyValue(string_value=value)
    elif isinstance(value, int):
        any_value = AnyValue(int_value=value)
    else:
        any_value = AnyValue(double_value=value)
    attributes.append(KeyValue(key=name, value=any_value))
