"""Traceloop's OpenLLMetry: OpenTelemetry's names of its time, its own around them.

Its 0.33 of 2024 tells nothing of caches, nothing of a failed call and no usage of a stream; its
0.62 counts the output of a stream from Anthropic one too high.
"""

from __future__ import annotations

from collector.receivers import semconv
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.fields import build_call
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "traceloop"


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model, not a workflow, a task, a guard or a tool."""
    return semconv.TRACELOOP_SPAN_KIND not in span.attributes and otel_genai.is_request(span)


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    return build_call(span, otel_genai.described(span, NAME), default_tenant)
