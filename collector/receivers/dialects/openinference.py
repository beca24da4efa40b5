"""OpenInference, the conventions of Phoenix and its instrumentations."""

from __future__ import annotations

from collector.receivers import semconv
from collector.receivers.dialects.fields import Described, build_call, first, read_usage, text
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "openinference"


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model."""
    return _kind(span) in semconv.OPENINFERENCE_CALLS


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    attributes = span.attributes
    said = Described(
        dialect=NAME,
        provider=text(first(attributes, semconv.OPENINFERENCE_PROVIDER)),
        model=text(first(attributes, semconv.OPENINFERENCE_MODEL)),
        operation=semconv.OPENINFERENCE_CALLS[_kind(span)],
        usage=read_usage(attributes, semconv.OPENINFERENCE_USAGE),
        time_to_first_token_seconds=_time_to_first_token(span),
    )
    return build_call(span, said, default_tenant)


def _kind(span: Span) -> str:
    return str(span.attributes.get(semconv.OPENINFERENCE_KIND, "")).upper()


def _time_to_first_token(span: Span) -> float | None:
    for name, unix_nanos in span.events:
        if name == semconv.OPENINFERENCE_FIRST_TOKEN_EVENT and unix_nanos >= span.start_unix_nanos:
            return (unix_nanos - span.start_unix_nanos) / 1e9
    return None
