"""OpenInference, the conventions of Phoenix and its instrumentations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects.fields import Described, build_call, first, read_usage, text
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "openinference"


class _Parameters(msgspec.Struct):
    model: str | None = None


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model."""
    return _kind(span) in semconv.OPENINFERENCE_CALLS


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    attributes = span.attributes
    said = Described(
        dialect=NAME,
        provider=text(first(attributes, semconv.OPENINFERENCE_PROVIDER)),
        model=text(first(attributes, semconv.OPENINFERENCE_MODEL)) or _asked_model(attributes),
        operation=semconv.OPENINFERENCE_CALLS[_kind(span)],
        usage=read_usage(attributes, semconv.OPENINFERENCE_USAGE),
        time_to_first_token_seconds=_time_to_first_token(span),
    )
    return build_call(span, said, default_tenant)


def _kind(span: Span) -> str:
    return str(span.attributes.get(semconv.OPENINFERENCE_KIND, "")).upper()


def _time_to_first_token(span: Span) -> float | None:
    for event in span.events:
        waited_nanos = event.unix_nanos - span.start_unix_nanos
        if event.name == semconv.OPENINFERENCE_FIRST_TOKEN_EVENT and waited_nanos >= 0:
            return waited_nanos / 1e9
    return None


def _asked_model(attributes: Mapping[str, Any]) -> str | None:
    """The model named in the parameters of the request."""
    parameters = text(attributes.get(semconv.OPENINFERENCE_PARAMETERS))
    if parameters is None:
        return None
    try:
        return msgspec.json.decode(parameters, type=_Parameters).model
    except (msgspec.MsgspecError, RecursionError):
        return None
