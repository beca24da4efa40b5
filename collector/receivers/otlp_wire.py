"""A small schema that is wire-compatible with OTLP traces and quicker to read from Python.

On the wire, a protobuf map entry has the bytes of OTLP's KeyValue message. Declaring attributes as
a map makes each wanted attribute one look-up in C instead of a walk over all of them. Field numbers
are those of opentelemetry/proto/{trace,resource,common}/v1; fields that are not read are left out.
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
        "string_value": (1, "oneof string"),
        "bool_value": (2, "oneof bool"),
        "int_value": (3, "oneof int64"),
        "double_value": (4, "oneof double"),
    },
    "Resource": {"attributes": (1, "map Value")},
    "Scope": {"name": (1, "string")},
    "Status": {"code": (3, "enum")},
    "Event": {
        "time_unix_nano": (1, "fixed64"),
        "name": (2, "string"),
        "attributes": (3, "map Value"),
    },
    "Span": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "start_time_unix_nano": (7, "fixed64"),
        "end_time_unix_nano": (8, "fixed64"),
        "attributes": (9, "map Value"),
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
        elif modifier in ("repeated", "map"):
            field.label = FieldDescriptorProto.LABEL_REPEATED
        if modifier == "map":
            entry_name = f"{field_name.title()}Entry"
            message.nested_type.append(_map_entry(entry_name, type_name))
            type_name = f"{name}.{entry_name}"
        if type_name in _TYPES:
            field.type = _TYPES[type_name]
        else:
            field.type = FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{type_name}"
    return message


def _map_entry(name: str, value_type: str) -> DescriptorProto:
    entry = _describe(name, {"key": (1, "string"), "value": (2, value_type)})
    entry.options.map_entry = True
    return entry


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="tollbook/otlp.proto", package=_PACKAGE, syntax="proto3"
    )
    file.message_type.extend(_describe(name, fields) for name, fields in _MESSAGES.items())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


_CLASSES = _build()
TracesRequest: Any = _CLASSES[f"{_PACKAGE}.TracesRequest"]
TracesResponse: Any = _CLASSES[f"{_PACKAGE}.TracesResponse"]
RpcStatus: Any = _CLASSES[f"{_PACKAGE}.RpcStatus"]
