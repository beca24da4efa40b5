"""OpenLIT: OpenTelemetry's names, with figures of its own where the provider gave none.

It counts a stream without usage by itself and does not say so, its time to first token is the whole
duration or too short, and its cost is 0 when it has no price.
"""

from __future__ import annotations

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.counts import ReadUsage, read_exclusive_usage
from collector.receivers.dialects.fields import build_call
from collector.receivers.spans import Span
from ledger.domain.calls import Call
from ledger.domain.usage import NO_USAGE

NAME = "openlit"


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model.

    A request that Anthropic refused has a span with an exception and no attribute at all.
    """
    refused = span.is_error and not span.attributes and span.scope in semconv.OPENLIT_BARE_ERRORS
    return refused or otel_genai.is_request(span)


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    said = otel_genai.described(span, NAME)
    said = msgspec.structs.replace(
        said,
        provider=said.provider or semconv.OPENLIT_BARE_ERRORS.get(span.scope),
        usage=_usage(span, said.usage),
        time_to_first_token_seconds=None,
    )
    call = build_call(span, said, default_tenant)
    if call.reported_cost_pico_usd == 0:
        return msgspec.structs.replace(call, reported_cost_pico_usd=None)
    return call


def _usage(span: Span, inclusive: ReadUsage) -> ReadUsage:
    if span.scope in semconv.OPENLIT_EXCLUSIVE:
        return read_exclusive_usage(span.attributes, semconv.GENAI_USAGE)
    streamed = span.attributes.get(semconv.GENAI_STREAM) is True
    if streamed and span.scope == semconv.OPENLIT_OPENAI and not _told_by_provider(span):
        return NO_USAGE, inclusive[1]
    return inclusive


def _told_by_provider(span: Span) -> bool:
    """Its account of caches comes with the provider's usage only."""
    return any(name in span.attributes for name in semconv.GENAI_USAGE["cache_read"])
