"""Small protobuf schemas written as tables, so that only the fields we read are decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

_TYPES = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "fixed64": FieldDescriptorProto.TYPE_FIXED64,
    "enum": FieldDescriptorProto.TYPE_INT32,
}

Fields = Mapping[str, tuple[int, str]]
"""Of each field its number and its kind: a scalar or a message's name, perhaps after "repeated"
or "oneof" (a message has at most one oneof, called "value")."""


def message_classes(name: str, messages: Mapping[str, Fields]) -> dict[str, Any]:
    """Classes that read and write these messages, by name. `name` tells the schemas apart."""
    package = f"tollbook.{name}"
    file = descriptor_pb2.FileDescriptorProto(
        name=f"tollbook/{name}.proto", package=package, syntax="proto3"
    )
    file.message_type.extend(
        _describe(package, message, fields) for message, fields in messages.items()
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {message: classes[f"{package}.{message}"] for message in messages}


def _describe(package: str, name: str, fields: Fields) -> DescriptorProto:
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
            field.type_name = f".{package}.{type_name}"
    return message
