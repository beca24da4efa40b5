"""OTLP trace requests for tests, from one plain description to both encodings."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

from collector.receivers.received import Received
from tests.decoders.traces import decode_json, decode_protobuf

START_NANOS = 1_793_611_800_000_000_000
"""2026-11-02T09:30:00Z."""

ENCODINGS = ("protobuf", "json")


def a_span(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A chat call of 1.5 s in the GenAI dialect; attributes of None are left out."""
    all_attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "tenant.id": "acme",
        **(attributes or {}),
    }
    return {
        "attributes": {k: v for k, v in all_attributes.items() if v is not None},
        **changes,
    }


def received(encoding: str, *spans: dict[str, Any], default_tenant: str | None = None) -> Received:
    """What the receiver makes of one request with these spans."""
    if encoding == "protobuf":
        return decode_protobuf(protobuf_request(*spans), default_tenant)
    return decode_json(json_request(*spans), default_tenant)


def protobuf_request(*spans: dict[str, Any]) -> bytes:
    """An ExportTraceServiceRequest, each span in a resource of its own."""
    request = ExportTraceServiceRequest()
    for number, described in enumerate(spans, start=1):
        resource_spans = ResourceSpans()
        resource_spans.resource.attributes.extend(attribute_pairs(described.get("resource", {})))
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = described.get("scope", "")
        span = scope_spans.spans.add(
            trace_id=bytes.fromhex(_trace_id(number)),
            span_id=bytes.fromhex(_span_id(number)),
            name="an operation",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=described.get("start_unix_nanos", START_NANOS),
            end_time_unix_nano=described.get("end_unix_nanos", START_NANOS + 1_500_000_000),
        )
        span.attributes.extend(attribute_pairs(described["attributes"]))
        if described.get("error"):
            span.status.code = Status.STATUS_CODE_ERROR
        for name, nanos in described.get("events", []):
            span.events.add(name=name, time_unix_nano=nanos)
        request.resource_spans.append(resource_spans)
    return request.SerializeToString()


def json_request(*spans: dict[str, Any]) -> bytes:
    """The same request as OTLP's JSON."""
    return json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _json_pairs(described.get("resource", {}))},
                    "scopeSpans": [
                        {
                            "scope": {"name": described.get("scope", "")},
                            "spans": [_json_span(number, described)],
                        }
                    ],
                }
                for number, described in enumerate(spans, start=1)
            ]
        }
    ).encode()


def _json_span(number: int, described: dict[str, Any]) -> dict[str, Any]:
    return {
        "traceId": _trace_id(number).upper(),
        "spanId": _span_id(number).upper(),
        "name": "an operation",
        "kind": 3,
        "startTimeUnixNano": str(described.get("start_unix_nanos", START_NANOS)),
        "endTimeUnixNano": str(described.get("end_unix_nanos", START_NANOS + 1_500_000_000)),
        "attributes": _json_pairs(described["attributes"]),
        "events": [
            {"name": name, "timeUnixNano": str(nanos)}
            for name, nanos in described.get("events", [])
        ],
        "status": {"code": 2, "message": "it failed"} if described.get("error") else {},
        "droppedAttributesCount": 0,
    }


def _trace_id(number: int) -> str:
    return f"{0xA0000 + number:032x}"


def _span_id(number: int) -> str:
    return f"{0xB0000 + number:016x}"


def attribute_pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_any_value(value)) for name, value in attributes.items()]


def _any_value(value: Any) -> AnyValue:
    if isinstance(value, list):
        any_value = AnyValue()
        any_value.array_value.values.extend(_any_value(item) for item in value)
        return any_value
    kinds = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}
    return AnyValue(**{kinds[type(value)]: value})


def _json_pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _json_value(value)} for name, value in attributes.items()]


def _json_value(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_json_value(item) for item in value]}}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}
