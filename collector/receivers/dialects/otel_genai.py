"""OpenTelemetry's GenAI conventions, current and previous names."""

from __future__ import annotations

from collector.receivers import semconv
from collector.receivers.dialects.alike import reader_of_alike
from collector.receivers.dialects.counts import read_usage
from collector.receivers.dialects.fields import (
    Described,
    build_call,
    first,
    number,
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


def is_request(span: Span) -> bool:
    """Whether the span is surely a request to a model.

    For SDKs that give operations of their own to what is none: a name we know, or tokens, decide.
    """
    attributes = span.attributes
    operation = _operation(span)
    if operation in semconv.GENAI_CALLS:
        return True
    if operation in semconv.GENAI_OPERATIONS_WITHOUT_A_CALL:
        return False
    return any(name in attributes for name in semconv.GENAI_USAGE["input_tokens"])


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    call = build_call(span, described(span, NAME), default_tenant)
    if span.alike is not None and not span.is_error:
        span.alike.read_call = reader_of_alike(call, span)
    return call


def described(span: Span, dialect: str) -> Described:
    """What the span says in these names, for a dialect that uses them."""
    attributes = span.attributes
    return Described(
        dialect=dialect,
        provider=text(first(attributes, semconv.GENAI_PROVIDER)),
        model=text(attributes.get(semconv.GENAI_RESPONSE_MODEL)),
        request_model=text(attributes.get(semconv.GENAI_REQUEST_MODEL)),
        operation=_operation(span),
        usage=read_usage(attributes, semconv.GENAI_USAGE),
        time_to_first_token_seconds=number(attributes, semconv.GENAI_TIME_TO_FIRST_CHUNK),
    )


def _operation(span: Span) -> str | None:
    attributes = span.attributes
    said = attributes.get(semconv.GENAI_OPERATION) or attributes.get(
        semconv.GENAI_PREVIOUS_OPERATION
    )
    operation = text(said)
    return semconv.GENAI_OPERATIONS.get(operation, operation) if operation else None
