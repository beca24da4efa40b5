"""OpenInference, the conventions of Phoenix and its instrumentations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects.counts import ReadUsage, read_usage
from collector.receivers.dialects.fields import Described, build_call, first, text
from collector.receivers.dialects.metadata import json_object, with_metadata
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "openinference"

_RESPONSE_ID = re.compile(r'\{"id":\s*"((?:chatcmpl|cmpl|resp|msg)[\w.-]{1,120})"')
_COUNT_OF_TOKENS = re.compile(r'\{"input_tokens":\s*\d+\}$')


class _Parameters(msgspec.Struct):
    model: str | None = None


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model, and not for a count of its tokens."""
    if _kind(span) not in semconv.OPENINFERENCE_CALLS:
        return False
    output = span.attributes.get(semconv.OPENINFERENCE_OUTPUT)
    return not output or _COUNT_OF_TOKENS.match(str(output)) is None


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    metadata = span.attributes.get(semconv.OPENINFERENCE_METADATA)
    if metadata:
        span = with_metadata(span, json_object(metadata) or {})
    attributes = span.attributes
    said = Described(
        dialect=NAME,
        provider=text(first(attributes, semconv.OPENINFERENCE_PROVIDER)),
        model=text(first(attributes, semconv.OPENINFERENCE_MODEL)) or _asked_model(attributes),
        operation=semconv.OPENINFERENCE_CALLS[_kind(span)],
        usage=_usage(span),
        time_to_first_token_seconds=_time_to_first_token(span),
    )
    call = build_call(span, said, default_tenant)
    if call.response_id is None:
        return msgspec.structs.replace(call, response_id=_response_id(attributes))
    return call


def _kind(span: Span) -> str:
    return str(span.attributes.get(semconv.OPENINFERENCE_KIND, "")).upper()


def _usage(span: Span) -> ReadUsage:
    usage, sent = read_usage(span.attributes, semconv.OPENINFERENCE_USAGE)
    if _was_left(span):
        return msgspec.structs.replace(usage, output_tokens=None), sent
    return usage, sent


def _was_left(span: Span) -> bool:
    """Whether a stream was closed early: then the output is the placeholder it began with."""
    attributes = span.attributes
    return (
        span.scope == semconv.OPENINFERENCE_ANTHROPIC
        and semconv.OPENINFERENCE_RESPONSE_MODEL in attributes
        and semconv.OPENINFERENCE_FINISH_REASON not in attributes
    )


def _response_id(attributes: Mapping[str, Any]) -> str | None:
    """The provider's id, which stands first in the answer."""
    output = attributes.get(semconv.OPENINFERENCE_OUTPUT)
    found = _RESPONSE_ID.match(output) if isinstance(output, str) else None
    return found[1] if found else None


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
