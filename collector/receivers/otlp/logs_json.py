"""OTLP logs in JSON: values stay as they were written until it is known that they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from collector.receivers.otlp.json_values import Value, unix_nanos
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
from collector.receivers.semconv import CONTENT, TAG_PREFIX, WANTED
from ledger.domain.errors import InvalidRecord

_NOTHING = msgspec.Raw(b"{}")
_OTLP_BYTES_A_BYTE = 4
"""How much longer OTLP's JSON is than plain JSON that says the same."""


class _KeyValue(msgspec.Struct):
    key: str
    value: msgspec.Raw = _NOTHING


class _Map(msgspec.Struct):
    values: list[_KeyValue] | None = None


class _List(msgspec.Struct):
    values: list[msgspec.Raw] | None = None


class _AnyValue(Value, rename="camel"):
    kvlist_value: _Map | None = None


class _NestedValue(_AnyValue, rename="camel"):
    array_value: _List | None = None


class _Attributes(msgspec.Struct):
    attributes: list[_KeyValue] | None = None


class _Scope(msgspec.Struct):
    name: str = ""


class _LogRecord(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    event_name: str = ""
    attributes: list[_KeyValue] | None = None
    body: msgspec.Raw = _NOTHING


class _ScopeLogs(msgspec.Struct, rename="camel"):
    scope: _Scope | None = None
    log_records: list[msgspec.Raw] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Attributes | None = None
    scope_logs: list[_ScopeLogs] | None = None


class _LogsRequest(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None


_request = msgspec.json.Decoder(_LogsRequest)
_record = msgspec.json.Decoder(_LogRecord)
_scalar = msgspec.json.Decoder(Value | None)
_any_value = msgspec.json.Decoder(_AnyValue | None)
_nested_value = msgspec.json.Decoder(_NestedValue | None)


def records_of_json(body: bytes) -> Iterator[LogRecord | InvalidRecord]:
    """The records of a request; one of the wrong shape comes as what is wrong with it.

    Raises msgspec.MsgspecError, before the first record, when the body is no such request.
    """
    return _records(_request.decode(body))


def _records(request: _LogsRequest) -> Iterator[LogRecord | InvalidRecord]:
    for resource_logs in request.resource_logs or ():
        resource = _read_resource(resource_logs.resource)
        for scope_logs in resource_logs.scope_logs or ():
            scope = scope_logs.scope.name if scope_logs.scope else ""
            for raw in scope_logs.log_records or ():
                yield (
                    resource if isinstance(resource, InvalidRecord) else _read(raw, scope, resource)
                )


def _read_resource(resource: _Attributes | None) -> dict[str, Any] | InvalidRecord:
    try:
        return _wanted(resource.attributes if resource else None)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return InvalidRecord("resource", str(error))


def _read(raw: msgspec.Raw, scope: str, resource: dict[str, Any]) -> LogRecord | InvalidRecord:
    try:
        record = _record.decode(raw)
        event_name = record.event_name or _event_name(record.attributes)
        happened = unix_nanos(record.time_unix_nano, "timeUnixNano") or unix_nanos(
            record.observed_time_unix_nano, "observedTimeUnixNano"
        )
        return LogRecord(
            record.trace_id.lower(),
            record.span_id.lower(),
            happened,
            event_name,
            scope,
            _wanted(record.attributes),
            resource,
            None if event_name.startswith(GENAI_EVENTS) else _call_json(record),
        )
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return InvalidRecord("log_record", str(error))
    except InvalidRecord as invalid:
        return invalid


def _wanted(values: list[_KeyValue] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in values or ():
        if item.key in WANTED and item.key not in CONTENT:
            found[item.key] = _plain(item.value)
        elif item.key.startswith(TAG_PREFIX):
            tags = found.setdefault(TAG_PREFIX, {})
            tags[item.key.removeprefix(TAG_PREFIX)] = _plain(item.value)
    return found


def _plain(written: msgspec.Raw) -> Any:
    value = _scalar.decode(written)
    return None if value is None else value.plain()


def _event_name(values: list[_KeyValue] | None) -> str:
    for item in values or ():
        if item.key == EVENT_NAME:
            name = _plain(item.value)
            return name if isinstance(name, str) else ""
    return ""


def _call_json(record: _LogRecord) -> bytes | None:
    """What the body, or else the attributes, tell of a call in our own words."""
    if MARK in bytes(record.body):
        body = _any_value.decode(record.body) or _AnyValue()
        found = (
            call_json_of_text((body.string_value or "").encode())
            if body.kvlist_value is None
            else call_json_of_fields(_fields(body.kvlist_value))
        )
        if found is not None:
            return found
    own = [item for item in record.attributes or () if item.key.startswith(OWN_ATTRIBUTES)]
    if not any(item.key == OWN_ATTRIBUTES + MARK.decode() for item in own):
        return None
    return call_json_of_fields(
        (item.key.removeprefix(OWN_ATTRIBUTES), _plain(item.value)) for item in own
    )


def _fields(written: _Map) -> Iterator[tuple[str, Any]]:
    """Names and values; maps in maps come as nothing, which no field of a call has."""
    for item in written.values or ():
        if item.key == RAW_USAGE:
            if len(bytes(item.value)) > _OTLP_BYTES_A_BYTE * LARGEST_RAW_USAGE_BYTES:
                raise InvalidRecord(RAW_USAGE, RAW_USAGE_TOO_LARGE)
            yield item.key, _whole(item.value, 0)
            continue
        value = _any_value.decode(item.value)
        if value is not None and value.kvlist_value is not None:
            inner = (value.kvlist_value.values or ())[:MOST_PARTS]
            yield item.key, {part.key: _plain(part.value) for part in inner}
        else:
            yield item.key, None if value is None else value.plain()


def _whole(written: msgspec.Raw, depth: int) -> Any:
    """A value with the maps and lists in it; of those that lie too deep nothing."""
    value = _nested_value.decode(written)
    if value is None:
        return None
    if value.kvlist_value is None and value.array_value is None:
        return value.plain()
    if depth > DEEPEST_USAGE:
        return None
    if value.kvlist_value is not None:
        parts = (value.kvlist_value.values or ())[:MOST_PARTS]
        return {part.key: _whole(part.value, depth + 1) for part in parts}
    listed = value.array_value.values if value.array_value else None
    return [_whole(part, depth + 1) for part in (listed or ())[:MOST_PARTS]]
