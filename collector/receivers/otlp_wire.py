"""A small schema that is wire-compatible with OTLP traces and quicker to read from Python.

Attributes are left as the bytes they came in, since most of them are not wanted and most of the
others repeat from span to span (`otlp_attributes` reads them). Texts are bytes too: one that is no
UTF-8 then hurts its own span only. Field numbers are those of
opentelemetry/proto/{trace,resource,common}/v1; fields that are not read are left out.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

_PACKAGE = "tollbook.otlp"

_TYPES = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "fixed64": FieldDescriptorProto.TYPE_FIXED64,
    "enum": FieldDescriptorProto.TYPE_INT32,
}

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
        "events": (11, "repeated Event"),
        "status": (15, "Status"),
    },
    "ScopeSpans": {"scope": (1, "Scope"), "spans": (2, "repeated Span")},
    "ResourceSpans": {"resource": (1, "Resource"), "scope_spans": (2, "repeated ScopeSpans")},
    "TracesRequest": {"resource_spans": (1, "repeated ResourceSpans")},
    "PartialSuccess": {"rejected_spans": (1, "int64"), "error_message": (2, "string")},
    "TracesResponse": {"partial_success": (1, "PartialSuccess")},
    "RpcStatus": {"code": (1, "enum"), "message": (2, "string")},
}


def _describe(name: str, fields: dict[str, tuple[int, str]]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for field_name, (number, kind) in fields.items():
        modifier, _, type_name = kind.rpartition(" ")
        field = message.field.add(
            name=field_name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL
        )
        if modifier == "oneof":
            if not message.oneof_decl:
                message.oneof_decl.add(name="value")
            field.oneof_index = 0
        elif modifier == "repeated":
            field.label = FieldDescriptorProto.LABEL_REPEATED
        if type_name in _TYPES:
            field.type = _TYPES[type_name]
        else:
            field.type = FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{type_name}"
    return message


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="tollbook/otlp.proto", package=_PACKAGE, syntax="proto3"
    )
    file.message_type.extend(_describe(name, fields) for name, fields in _MESSAGES.items())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


_CLASSES = _build()
KeyValue: Any = _CLASSES[f"{_PACKAGE}.KeyValue"]
TracesRequest: Any = _CLASSES[f"{_PACKAGE}.TracesRequest"]
TracesResponse: Any = _CLASSES[f"{_PACKAGE}.TracesResponse"]
RpcStatus: Any = _CLASSES[f"{_PACKAGE}.RpcStatus"]
