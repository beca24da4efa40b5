"""A small schema that is wire-compatible with OTLP traces and quicker to read from Python.

Attributes are left as the bytes they came in, since most of them are not wanted and most of the
others repeat from span to span (`otlp_attributes` reads them). Spans and events are bytes until
their turn comes: a damaged one hurts only itself, and millions of empty ones (two bytes each) take
a quarter of the memory. Texts are bytes too: one that is no UTF-8 hurts its own span only. Field
numbers are those of opentelemetry/proto/{trace,resource,common}/v1; fields that are not read are
left out.
"""

from __future__ import annotations

from typing import Any

from collector.receivers.wire_schema import message_classes

_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Value": {
        "string_value": (1, "oneof bytes"),
        "bool_value": (2, "oneof bool"),
        "int_value": (3, "oneof int64"),
        "double_value": (4, "oneof double"),
    },
    "KeyValue": {"key": (1, "bytes"), "value": (2, "Value")},
    "Resource": {"attributes": (1, "repeated bytes")},
    "Scope": {"name": (1, "bytes")},
    "Status": {"code": (3, "enum")},
    "Event": {
        "time_unix_nano": (1, "fixed64"),
        "name": (2, "bytes"),
        "attributes": (3, "repeated bytes"),
    },
    "Span": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "parent_span_id": (4, "bytes"),
        "start_time_unix_nano": (7, "fixed64"),
        "end_time_unix_nano": (8, "fixed64"),
        "attributes": (9, "repeated bytes"),
        "events": (11, "repeated bytes"),
        "status": (15, "Status"),
    },
    "ScopeSpans": {"scope": (1, "Scope"), "spans": (2, "repeated bytes")},
    "ResourceSpans": {"resource": (1, "Resource"), "scope_spans": (2, "repeated ScopeSpans")},
    "TracesRequest": {"resource_spans": (1, "repeated ResourceSpans")},
    "PartialSuccess": {"rejected_spans": (1, "int64"), "error_message": (2, "string")},
    "TracesResponse": {"partial_success": (1, "PartialSuccess")},
    "RpcStatus": {"code": (1, "enum"), "message": (2, "string")},
}

_classes = message_classes("traces", _MESSAGES)
KeyValue: Any = _classes["KeyValue"]
WireEvent: Any = _classes["Event"]
WireSpan: Any = _classes["Span"]
TracesRequest: Any = _classes["TracesRequest"]
TracesResponse: Any = _classes["TracesResponse"]
RpcStatus: Any = _classes["RpcStatus"]
