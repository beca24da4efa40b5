"""OTLP's JSON encoding of traces: hexadecimal ids, 64-bit integers as text, camelCase names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from collector.receivers.otlp.json_values import Value, integer, unix_nanos
from collector.receivers.semconv import (
    CONTENT,
    EXCEPTION_TYPE,
    LONGEST_CONTENT_CHARACTERS,
    TAG_PREFIX,
    WANTED,
)
from collector.receivers.spans import Event, Span, told_events
from ledger.domain.errors import InvalidRecord

_ERROR_STATUSES = (2, "STATUS_CODE_ERROR")


class _KeyValue(msgspec.Struct):
    key: str
    value: Value | None = None


class _Resource(msgspec.Struct):
    attributes: list[_KeyValue] | None = None


class _Scope(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    code: int | str = 0


class _Event(msgspec.Struct, rename="camel"):
    name: str = ""
    time_unix_nano: int | str = 0
    attributes: list[_KeyValue] | None = None

    def plain(self) -> Event:
        """The event with its exception's type, if it is one."""
        exception_type = None
        for item in self.attributes or ():
            if item.key == EXCEPTION_TYPE and item.value is not None:
                exception_type = item.value.string_value
        return Event(self.name, integer(self.time_unix_nano) or 0, exception_type)


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[_KeyValue] | None = None
    events: list[msgspec.Raw] | None = None
    status: _Status | None = None


class _ScopeSpans(msgspec.Struct):
    scope: _Scope | None = None
    spans: list[msgspec.Raw] | None = None


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _TracesRequest(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


_request = msgspec.json.Decoder(_TracesRequest)
_span = msgspec.json.Decoder(_Span)
_event = msgspec.json.Decoder(_Event)


def spans_of_json(body: bytes) -> Iterator[Span | InvalidRecord]:
    """The spans of a request; a span of the wrong shape comes as what is wrong with it.

    Raises msgspec.MsgspecError, before the first span, when the body is no such request.
    """
    return _spans(_request.decode(body))


def _spans(request: _TracesRequest) -> Iterator[Span | InvalidRecord]:
    for resource_spans in request.resource_spans or ():
        attributes = resource_spans.resource.attributes if resource_spans.resource else None
        resource = _wanted(attributes)
        for scope_spans in resource_spans.scope_spans or ():
            scope = scope_spans.scope.name if scope_spans.scope else ""
            for raw in scope_spans.spans or ():
                try:
                    yield _read(_span.decode(raw), scope, resource)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    yield InvalidRecord("span", str(error))
                except InvalidRecord as invalid:
                    yield invalid


def _read(span: _Span, scope: str, resource: dict[str, Any]) -> Span:
    return Span(
        span.trace_id.lower(),
        span.span_id.lower(),
        span.parent_span_id.lower(),
        unix_nanos(span.start_time_unix_nano, "startTimeUnixNano"),
        unix_nanos(span.end_time_unix_nano, "endTimeUnixNano"),
        span.status is not None and span.status.code in _ERROR_STATUSES,
        scope,
        _wanted(span.attributes),
        resource,
        [_event.decode(event).plain() for event in told_events(span.events or ())],
    )


def _wanted(values: list[_KeyValue] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in values or ():
        if item.value is None:
            continue
        if item.key in WANTED:
            value = item.value.plain()
            if item.key in CONTENT and isinstance(value, str):
                value = value[:LONGEST_CONTENT_CHARACTERS]
            found[item.key] = value
        elif item.key.startswith(TAG_PREFIX):
            tags = found.setdefault(TAG_PREFIX, {})
            tags[item.key.removeprefix(TAG_PREFIX)] = item.value.plain()
    return found
