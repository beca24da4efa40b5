"""POST /v1/traces: OTLP/HTTP, protobuf and JSON, to calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from collector.receivers.dialects import read_call
from collector.receivers.dialects.fields import tenant_of
from collector.receivers.evidence import attributes_payload
from collector.receivers.otlp_json import spans_of_json
from collector.receivers.otlp_wire import TracesRequest
from collector.receivers.received import Received
from collector.receivers.semconv import EXCEPTION_TYPE, TAG_PREFIX, WANTED
from collector.receivers.spans import Event, Span
from ledger.domain.errors import InvalidRecord, UnreadableBody

RECEIVER = "traces"

_ERROR_STATUS = 2
_SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))


def decode_protobuf(body: bytes, default_tenant: str | None = None) -> Received:
    """Read an ExportTraceServiceRequest. Raises UnreadableBody when it is none."""
    request = TracesRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise UnreadableBody("the body is no ExportTraceServiceRequest in protobuf") from error
    return _received(_spans(request), default_tenant)


def decode_json(body: bytes, default_tenant: str | None = None) -> Received:
    """Read an ExportTraceServiceRequest in OTLP's JSON. Raises UnreadableBody when it is none."""
    try:
        return _received(spans_of_json(body), default_tenant)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableBody(
            f"the body is no ExportTraceServiceRequest in JSON: {error}"
        ) from error


def _received(spans: Iterator[Span | InvalidRecord], default_tenant: str | None) -> Received:
    received = Received(RECEIVER)
    for position, span in enumerate(spans):
        if isinstance(span, InvalidRecord):
            received.refuse(position, span.path, span.reason)
            continue
        try:
            call = read_call(span, default_tenant)
        except InvalidRecord as invalid:
            payload = attributes_payload({**span.resource, **span.attributes})
            received.refuse(position, invalid.path, invalid.reason, tenant_of(span), payload)
            continue
        if call is None:
            received.ignored += 1
        else:
            received.add(position, call)
    return received


def _spans(request: Any) -> Iterator[Span]:
    for resource_spans in request.resource_spans:
        resource = _wanted(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = scope_spans.scope.name
            for span in scope_spans.spans:
                yield Span(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == _ERROR_STATUS,
                    scope,
                    _wanted(span.attributes),
                    resource,
                    [_event(event) for event in span.events],
                )


def _event(event: Any) -> Event:
    exception_type = None
    if EXCEPTION_TYPE in event.attributes:
        exception_type = event.attributes[EXCEPTION_TYPE].string_value or None
    return Event(event.name, event.time_unix_nano, exception_type)


def _wanted(attributes: Any) -> dict[str, Any]:
    return {
        name: _plain(attributes[name])
        for name in attributes
        if name in WANTED or name.startswith(TAG_PREFIX)
    }


def _plain(value: Any) -> Any:
    """A scalar as a Python value; None for lists and maps, which no wanted attribute is."""
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in _SCALARS else None
