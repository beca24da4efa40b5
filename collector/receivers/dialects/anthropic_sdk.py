"""The spans that Anthropic's own SDK makes, alone or below an instrumentation.

It makes one for every request to the API, such as the counting of tokens, which names a model too
and is free.
"""

from __future__ import annotations

from collector.receivers import semconv
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.fields import build_call
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "anthropic_sdk"


def describes_call(span: Span) -> bool:
    """Whether the span is a message, not another request to the API or a run of a tool."""
    return span.attributes.get(semconv.GENAI_OPERATION) in semconv.GENAI_CALLS


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    return build_call(span, otel_genai.described(span, NAME), default_tenant)
