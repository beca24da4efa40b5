"""OTLP logs in protobuf: the wire format of opentelemetry/proto/logs/v1, as far as we read it.

Records, bodies and attributes are left as bytes until it is known that they are wanted: a damaged
record hurts only itself, and content is not decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from collector.receivers import wire_density
from collector.receivers.otlp.attributes import read_attributes
from collector.receivers.otlp.log_record import (
    DEEPEST_USAGE,
    EVENT_NAME,
    GENAI_EVENTS,
    MARK,
    MOST_PARTS,
    OWN_ATTRIBUTES,
    LogRecord,
    call_json_of_fields,
    call_json_of_text,
)
from collector.receivers.records import (
    LARGEST_RAW_USAGE_BYTES,
    RAW_USAGE,
    RAW_USAGE_TOO_LARGE,
)
from collector.receivers.wire_schema import message_classes
from ledger.domain.errors import InvalidRecord, UnreadableBody

_classes = message_classes(
    "logs",
    {
        "Value": {
            "string_value": (1, "oneof bytes"),
            "bool_value": (2, "oneof bool"),
            "int_value": (3, "oneof int64"),
            "double_value": (4, "oneof double"),
            "array_value": (5, "oneof bytes"),
            "kvlist_value": (6, "oneof bytes"),
        },
        "KeyValue": {"key": (1, "bytes"), "value": (2, "Value")},
        "KeyValueList": {"values": (1, "repeated bytes")},
        "ArrayValue": {"values": (1, "repeated bytes")},
        "LogRecord": {
            "time_unix_nano": (1, "fixed64"),
            "body": (5, "bytes"),
            "attributes": (6, "repeated bytes"),
            "trace_id": (9, "bytes"),
            "span_id": (10, "bytes"),
            "observed_time_unix_nano": (11, "fixed64"),
            "event_name": (12, "bytes"),
        },
        "Resource": {"attributes": (1, "repeated bytes")},
        "Scope": {"name": (1, "bytes")},
        "ScopeLogs": {"scope": (1, "Scope"), "log_records": (2, "repeated bytes")},
        "ResourceLogs": {"resource": (1, "Resource"), "scope_logs": (2, "repeated bytes")},
        "LogsRequest": {"resource_logs": (1, "repeated bytes")},
    },
)
_Value = _classes["Value"]
_KeyValue = _classes["KeyValue"]
_KeyValueList = _classes["KeyValueList"]
_ArrayValue = _classes["ArrayValue"]
_LogRecord = _classes["LogRecord"]
_ScopeLogs = _classes["ScopeLogs"]
_ResourceLogs = _classes["ResourceLogs"]
_LogsRequest = _classes["LogsRequest"]

_EVENT_NAME = EVENT_NAME.encode()
_OWN_ATTRIBUTES = OWN_ATTRIBUTES.encode()
_OWN_MARK = _OWN_ATTRIBUTES + MARK
_DEEPEST_MAP = 1
_RAW_USAGE = RAW_USAGE.encode()
_ATTRIBUTES = ((6,),)


def records_of_protobuf(body: bytes) -> Iterator[LogRecord | InvalidRecord]:
    """The records of a request; a damaged one comes as what is wrong with it.

    Raises UnreadableBody when the body is no such request, and later where it is damaged so that
    no record can be told from the next.
    """
    try:
        yield from _records(body)
    except DecodeError as error:
        raise UnreadableBody("the body is no ExportLogsServiceRequest in protobuf") from error


def _records(body: bytes) -> Iterator[LogRecord | InvalidRecord]:
    for resource_entry in _LogsRequest.FromString(body).resource_logs:
        resource_logs = _ResourceLogs.FromString(resource_entry)
        resource = _read_resource(resource_logs.resource.attributes)
        for scope_entry in resource_logs.scope_logs:
            scope_logs = _ScopeLogs.FromString(scope_entry)
            scope = scope_logs.scope.name.decode(errors="replace")
            for entry in scope_logs.log_records:
                yield (
                    resource
                    if isinstance(resource, InvalidRecord)
                    else _read(entry, scope, resource)
                )


def _read_resource(entries: Any) -> dict[str, Any] | InvalidRecord:
    try:
        return read_attributes(entries)
    except InvalidRecord as invalid:
        return InvalidRecord("resource", str(invalid))


def _read(entry: bytes, scope: str, resource: dict[str, Any]) -> LogRecord | InvalidRecord:
    if wire_density.is_dense(entry, _ATTRIBUTES):
        return InvalidRecord("log_record", "has more attributes than its size has room for")
    try:
        record = _LogRecord.FromString(entry)
        event_name = record.event_name.decode(errors="replace") or _event_name(record.attributes)
        return LogRecord(
            record.trace_id.hex(),
            record.span_id.hex(),
            record.time_unix_nano or record.observed_time_unix_nano,
            event_name,
            scope,
            read_attributes(record.attributes),
            resource,
            None if event_name.startswith(GENAI_EVENTS) else _call_json(record),
        )
    except DecodeError:
        return InvalidRecord("log_record", "is no log record in protobuf")
    except UnicodeDecodeError:
        return InvalidRecord("log_record", "holds text that is no UTF-8")
    except InvalidRecord as invalid:
        return invalid


def _event_name(entries: Any) -> str:
    for entry in entries:
        if entry[2 : 2 + len(_EVENT_NAME)] == _EVENT_NAME:
            value: bytes = _KeyValue.FromString(entry).value.string_value
            return value.decode(errors="replace")
    return ""


def _call_json(record: Any) -> bytes | None:
    """What the body, or else the attributes, tell of a call in our own words."""
    if MARK in record.body:
        body = _Value.FromString(record.body)
        found = (
            call_json_of_fields(_map(body.kvlist_value, 0))
            if body.WhichOneof("value") == "kvlist_value"
            else call_json_of_text(body.string_value)
        )
        if found is not None:
            return found
    own = [entry for entry in record.attributes if entry[2:11] == _OWN_ATTRIBUTES]
    if not any(entry[2 : 2 + len(_OWN_MARK)] == _OWN_MARK for entry in own):
        return None
    fields = (_field(entry, _DEEPEST_MAP) for entry in own)
    return call_json_of_fields((name.removeprefix(OWN_ATTRIBUTES), value) for name, value in fields)


def _map(written: bytes, depth: int) -> Iterator[tuple[str, Any]]:
    for entry in _KeyValueList.FromString(written).values:
        yield _field(entry, depth)


def _field(entry: bytes, depth: int) -> tuple[str, Any]:
    """Name and value; None for lists and for maps in maps in maps, which no field of a call has."""
    read = _KeyValue.FromString(entry)
    if depth == 0 and read.key == _RAW_USAGE:
        if len(entry) > LARGEST_RAW_USAGE_BYTES:
            raise InvalidRecord(RAW_USAGE, RAW_USAGE_TOO_LARGE)
        return RAW_USAGE, _whole(read.value, 0)
    kind = read.value.WhichOneof("value")
    value: Any = None if kind is None else getattr(read.value, kind)
    if kind == "kvlist_value":
        value = dict(islice(_map(value, depth + 1), MOST_PARTS)) if depth < _DEEPEST_MAP else None
    elif kind == "array_value":
        value = None
    elif kind == "string_value":
        value = value.decode()
    return read.key.decode(), value


def _whole(written: Any, depth: int) -> Any:
    """A value with the maps and lists in it; of those that lie too deep nothing."""
    kind = written.WhichOneof("value")
    value: Any = None if kind is None else getattr(written, kind)
    if kind == "string_value":
        return value.decode()
    if kind not in ("kvlist_value", "array_value"):
        return value
    if depth > DEEPEST_USAGE:
        return None
    if kind == "array_value":
        values = map(_Value.FromString, _ArrayValue.FromString(value).values[:MOST_PARTS])
        return [_whole(part, depth + 1) for part in values]
    parts = map(_KeyValue.FromString, _KeyValueList.FromString(value).values[:MOST_PARTS])
    return {part.key.decode(): _whole(part.value, depth + 1) for part in parts}
