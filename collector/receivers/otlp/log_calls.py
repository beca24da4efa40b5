"""The calls that log records tell of: in our own words, or as events of OpenTelemetry's GenAI."""

from __future__ import annotations

import json
import re
from hashlib import blake2b

import msgspec

from collector.receivers import semconv
from collector.receivers.calls_json import call_of_record
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.fields import first, text
from collector.receivers.otlp.log_record import LogRecord
from collector.receivers.spans import Span
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord

RECEIVER = "logs"
EVENT_DIALECT = "otel_genai_event"

CALL_EVENTS = frozenset(("gen_ai.client.inference.operation.details",))
"""Events of a whole operation; all other GenAI events hold single messages or verdicts."""

_INHERITED = ("service", "environment", "region")
_ID_DIGITS = {"trace_id": 32, "span_id": 16}
_HEXADECIMAL = re.compile("[0-9a-f]*")


def read_call(record: LogRecord, default_tenant: str | None) -> Call | None:
    """The call that a log record tells of; None when it tells of none.

    Raises InvalidRecord when it is one but cannot be booked.
    """
    if record.call_json is not None:
        return _own_call(record, record.call_json, default_tenant)
    if record.event_name not in CALL_EVENTS:
        return None
    return _event_call(record, default_tenant)


def _own_call(record: LogRecord, call_json: bytes, default_tenant: str | None) -> Call:
    tenant = text(first(record.resource, semconv.TENANT)) or default_tenant
    call = call_of_record(call_json, tenant)
    changes = {
        field: text(first(record.resource, semconv.SHARED_FIELDS[field])) or ""
        for field in _INHERITED
        if not getattr(call, field)
    }
    return msgspec.structs.replace(
        call,
        receiver=RECEIVER,
        scope=record.scope,
        trace_id=call.trace_id or _sound(record, "trace_id"),
        parent_span_id=None if call.span_id else _sound(record, "span_id"),
        **changes,
    )


def _event_call(record: LogRecord, default_tenant: str | None) -> Call | None:
    """A GenAI event as a call: it belongs to the span it was emitted in and is none itself."""
    span = _as_span(record)
    if not otel_genai.describes_call(span):
        return None
    if record.unix_nanos == 0:
        raise InvalidRecord("time_unix_nano", "missing, and observed_time_unix_nano too")
    if semconv.ID not in record.attributes:
        for name in _ID_DIGITS:
            _check_id(record, name)
        span.attributes[semconv.ID] = _digest(record)
    return msgspec.structs.replace(
        otel_genai.read_call(span, default_tenant),
        receiver=RECEIVER,
        dialect=EVENT_DIALECT,
        trace_id=_sound(record, "trace_id"),
        span_id=None,
        parent_span_id=_sound(record, "span_id"),
    )


def _as_span(record: LogRecord) -> Span:
    return Span(
        trace_id=record.trace_id,
        span_id="",
        parent_span_id=record.span_id,
        start_unix_nanos=record.unix_nanos,
        end_unix_nanos=0,
        is_error=False,
        scope=record.scope,
        attributes=dict(record.attributes),
        resource=record.resource,
        events=[],
    )


def _check_id(record: LogRecord, name: str) -> None:
    value = getattr(record, name)
    if value.strip("0") and _sound(record, name) is None:
        raise InvalidRecord(
            name, f"expected {_ID_DIGITS[name] // 2} bytes or none, or {semconv.ID}"
        )


def _sound(record: LogRecord, name: str) -> str | None:
    """The id if it is one; zeros mean that there is none."""
    value: str = getattr(record, name)
    fits = len(value) == _ID_DIGITS[name] and _HEXADECIMAL.fullmatch(value)
    return value if fits and value.strip("0") else None


def _digest(record: LogRecord) -> str:
    """An id that the same event has whenever and however it is sent again.

    What tells events apart is where, when and about which response they were emitted. Without
    a span and a response, all that the event says has to.
    """
    response = first(record.attributes, semconv.SHARED_FIELDS["response_id"])
    says = [record.trace_id, record.span_id, record.event_name, record.unix_nanos, text(response)]
    if not record.span_id.strip("0") and response is None:
        said = record.attributes
        says.append({name: said[name] for name in said.keys() - semconv.CONTENT})
    return blake2b(json.dumps(says, sort_keys=True).encode(), digest_size=16).hexdigest()
