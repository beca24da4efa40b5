"""The conventions in which spans describe LLM calls, one file each."""

from __future__ import annotations

from typing import Protocol

from collector.receivers import semconv
from collector.receivers.dialects import openinference, otel_genai
from collector.receivers.spans import Span
from ledger.domain.calls import Call


class Dialect(Protocol):
    """What each module here offers."""

    def describes_call(self, span: Span) -> bool:
        """Whether the span is a request to a model in this dialect."""
        ...

    def read_call(self, span: Span, default_tenant: str | None) -> Call:
        """The call. Raises InvalidRecord naming what is wrong."""
        ...


def read_call(span: Span, default_tenant: str | None) -> Call | None:
    """The call that a span describes; None when it is no LLM call in any dialect.

    Raises InvalidRecord when it is one but cannot be booked.
    """
    if span.alike is not None and span.alike.read_call is not None and not span.is_error:
        return span.alike.read_call(span)
    dialect = _dialect_of(span)
    return dialect.read_call(span, default_tenant) if dialect.describes_call(span) else None


def _dialect_of(span: Span) -> Dialect:
    """A span that names its OpenInference kind is judged by that alone."""
    return openinference if semconv.OPENINFERENCE_KIND in span.attributes else otel_genai
