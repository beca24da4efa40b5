"""OTLP requests as real exporters encode them."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.factories.calls import START

START_NANOS = int(START.timestamp()) * 10**9


def traces(*spans: dict[str, Any], tenant: str | None = "acme") -> ExportTraceServiceRequest:
    """A request of spans; each is {attributes, start, end}, sensible when left out."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    if tenant is not None:
        _set(resource_spans.resource.attributes, "tenant.id", tenant)
    scope_spans = resource_spans.scope_spans.add()
    for number, fields in enumerate(spans, start=1):
        span = scope_spans.spans.add(
            trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="chat"
        )
        span.start_time_unix_nano = fields.get("start", START_NANOS)
        span.end_time_unix_nano = fields.get("end", span.start_time_unix_nano + 10**9)
        for name, value in fields.get("attributes", call_attributes()).items():
            _set(span.attributes, name, value)
    return request


def call_attributes(**changes: Any) -> dict[str, Any]:
    """An LLM call in OpenTelemetry's words, some of them changed."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
    }
    return {**attributes, **changes}


def as_json(request: ExportTraceServiceRequest) -> dict[str, Any]:
    """The request in OTLP's JSON, in which ids are hexadecimal."""
    body: dict[str, Any] = MessageToDict(request)
    for resource_spans in body["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for number, span in enumerate(scope_spans["spans"], start=1):
                span["traceId"], span["spanId"] = f"{number:032x}", f"{number:016x}"
    return body


def _set(attributes: Any, name: str, value: Any) -> None:
    added = attributes.add(key=name)
    if isinstance(value, int):
        added.value.int_value = value
    elif isinstance(value, float):
        added.value.double_value = value
    else:
        added.value.string_value = value
