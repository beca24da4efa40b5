"""OpenTelemetry's GenAI conventions, current and previous names."""

from __future__ import annotations

from collector.receivers import semconv
from collector.receivers.dialects.fields import (
    Described,
    alike,
    build_alike,
    build_call,
    first,
    number,
    read_usage,
    text,
)
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "otel_genai"


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model, not an agent's step, a tool or a retrieval."""
    attributes = span.attributes
    operation = attributes.get(semconv.GENAI_OPERATION)
    if operation in semconv.GENAI_OPERATIONS_WITHOUT_A_CALL:
        return False
    return operation is not None or any(
        name in attributes for name in (semconv.GENAI_REQUEST_MODEL, semconv.GENAI_RESPONSE_MODEL)
    )


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    attributes = span.attributes
    said = Described(
        dialect=NAME,
        provider=text(first(attributes, semconv.GENAI_PROVIDER)),
        model=text(attributes.get(semconv.GENAI_RESPONSE_MODEL)),
        request_model=text(attributes.get(semconv.GENAI_REQUEST_MODEL)),
        operation=text(
            first(attributes, (semconv.GENAI_OPERATION, semconv.GENAI_PREVIOUS_OPERATION))
        ),
        usage=read_usage(attributes, semconv.GENAI_USAGE),
        time_to_first_token_seconds=number(attributes, semconv.GENAI_TIME_TO_FIRST_CHUNK),
    )
    call = build_call(span, said, default_tenant)
    if span.alike is not None and not span.is_error:
        pattern = alike(call, span)
        span.alike.read_call = lambda further: _read_alike(further, pattern)
    return call


def _read_alike(span: Span, pattern: Call) -> Call:
    attributes = span.attributes
    return build_alike(
        span,
        pattern,
        read_usage(attributes, semconv.GENAI_USAGE),
        number(attributes, semconv.GENAI_TIME_TO_FIRST_CHUNK),
    )
