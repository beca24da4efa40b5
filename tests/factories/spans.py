"""Calls as spans tell of them, for tests of copies."""

from __future__ import annotations

from typing import Any

from ledger.domain.calls import Call
from tests.factories.calls import a_call

TRACE = "a" * 32
OPENAI_SCOPE = "opentelemetry.instrumentation.openai_v2"
LANGCHAIN_SCOPE = "openinference.instrumentation.langchain"


def a_span(
    span: str, *, parent: str | None = None, trace: str = TRACE, scope: str = "", **changes: Any
) -> Call:
    """The call of one span; `span` and `parent` are short names."""
    return a_call(
        **{
            "id": trace + span.rjust(16, "0"),
            "trace_id": trace,
            "span_id": span.rjust(16, "0"),
            "parent_span_id": parent and parent.rjust(16, "0"),
            "receiver": "traces",
            "dialect": "otel_genai",
            "scope": scope,
            **changes,
        }
    )


def an_event(span: str, *, trace: str = TRACE, **changes: Any) -> Call:
    """The call that a log event emitted within a span tells of."""
    return a_call(
        **{
            "trace_id": trace,
            "parent_span_id": span.rjust(16, "0"),
            "receiver": "logs",
            "dialect": "otel_genai_event",
            "scope": "events",
            **changes,
        }
    )
