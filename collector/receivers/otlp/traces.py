"""POST /v1/traces: OTLP/HTTP, protobuf and JSON, to calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from collector.receivers import wire_density
from collector.receivers.dialects import read_call
from collector.receivers.dialects.fields import tenant_of
from collector.receivers.evidence import attributes_payload
from collector.receivers.json_density import refuse_dense
from collector.receivers.otlp.attributes import split_attributes
from collector.receivers.otlp.patterns import Origin, origin_of
from collector.receivers.otlp.traces_json import spans_of_json
from collector.receivers.otlp.traces_wire import KeyValue, TracesRequest, WireEvent, WireSpan
from collector.receivers.received import Reading, read_each
from collector.receivers.semconv import EXCEPTION_TYPE, NO_EVIDENCE
from collector.receivers.spans import Event, Span, told_events
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord, UnreadableBody

RECEIVER = "traces"

_ERROR_STATUS = 2
_EXCEPTION_TYPE = EXCEPTION_TYPE.encode()
_NO_EVENTS: list[Event] = []
_SPAN_PATHS = ((9,), (11, 3))
"""Attributes of a span, and of its events."""


def read_protobuf(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read an ExportTraceServiceRequest. Raises UnreadableBody when it is none."""
    wire_density.refuse_dense(body)
    request = TracesRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise UnreadableBody("the body is no ExportTraceServiceRequest in protobuf") from error
    return _readings(_spans(request, default_tenant), default_tenant)


def read_json(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read an ExportTraceServiceRequest in OTLP's JSON. Raises UnreadableBody when it is none."""
    refuse_dense(body)
    try:
        return _readings(spans_of_json(body), default_tenant)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableBody(
            f"the body is no ExportTraceServiceRequest in JSON: {error}"
        ) from error


def _readings(
    spans: Iterator[Call | Span | InvalidRecord], default_tenant: str | None
) -> Iterator[Reading]:
    read = partial(read_call, default_tenant=default_tenant)
    return read_each(spans, read, tenant=tenant_of, payload=_evidence)


def _evidence(span: Span) -> str:
    told = {**span.resource, **span.whole_attributes()}
    return attributes_payload({name: told[name] for name in told.keys() - NO_EVIDENCE})


def _spans(request: Any, default_tenant: str | None) -> Iterator[Call | Span | InvalidRecord]:
    for resource_spans in request.resource_spans:
        try:
            varying, constant = split_attributes(resource_spans.resource.attributes)
        except InvalidRecord as invalid:
            for scope_spans in resource_spans.scope_spans:
                yield from (InvalidRecord("resource", str(invalid)) for _ in scope_spans.spans)
            continue
        for scope_spans in resource_spans.scope_spans:
            origin = origin_of(varying, constant, scope_spans.scope.name, default_tenant)
            for span in scope_spans.spans:
                yield _span(span, origin)


def _span(entry: bytes, origin: Origin) -> Call | Span | InvalidRecord:
    if wire_density.is_dense(entry, _SPAN_PATHS):
        return InvalidRecord("span", "has more attributes or events than its size has room for")
    try:
        span = WireSpan.FromString(entry)
        attributes, constant = split_attributes(span.attributes)
        is_error = span.status.code == _ERROR_STATUS
        alike = origin.pattern(constant)
        if alike.read_call is not None and not is_error:
            # A call that is not sound is read again the long way, which says why with evidence.
            with suppress(InvalidRecord):
                return alike.read_call(attributes, span)
        attributes = {**alike.attributes, **attributes}
        return Span(
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            is_error,
            origin.scope,
            attributes,
            origin.resource,
            [_event(event) for event in told_events(span.events)] if span.events else _NO_EVENTS,
            alike,
        )
    except DecodeError:
        return InvalidRecord("span", "is no span in protobuf")
    except InvalidRecord as invalid:
        return invalid


def _event(entry: bytes) -> Event:
    event = WireEvent.FromString(entry)
    return Event(
        event.name.decode(errors="replace"), event.time_unix_nano, _exception_type(event.attributes)
    )


def _exception_type(entries: Any) -> str | None:
    """The one attribute of an event that is of use; its others can hold content."""
    for entry in entries:
        if entry[2 : 2 + len(_EXCEPTION_TYPE)] == _EXCEPTION_TYPE:
            try:
                value: bytes = KeyValue.FromString(entry).value.string_value
            except DecodeError:
                return None
            return value.decode(errors="replace") or None
    return None
