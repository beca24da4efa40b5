"""The conventions in which spans describe LLM calls, one file each."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from collector.receivers import semconv
from collector.receivers.dialects import (
    anthropic_sdk,
    langfuse,
    litellm,
    openinference,
    openlit,
    otel_genai,
    traceloop,
)
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
    dialect = _dialect_of(span)
    return dialect.read_call(span, default_tenant) if dialect.describes_call(span) else None


def _dialect_of(span: Span) -> Dialect:
    """A span that names its OpenInference kind is judged by that alone, any other by its scope."""
    if semconv.OPENINFERENCE_KIND in span.attributes:
        return openinference
    return _dialect_of_scope(span.scope)


@lru_cache(maxsize=1024)
def _dialect_of_scope(scope: str) -> Dialect:
    if scope in semconv.TRACELOOP_SCOPES or scope.startswith(semconv.TRACELOOP_OWN_SCOPES):
        return traceloop
    for prefix, dialect in _BY_PREFIX.items():
        if scope.startswith(prefix):
            return dialect
    return otel_genai


_BY_PREFIX: dict[str, Dialect] = {
    semconv.ANTHROPIC_SDK_SCOPES: anthropic_sdk,
    semconv.LANGFUSE_SCOPE: langfuse,
    semconv.LITELLM_SCOPE: litellm,
    semconv.OPENLIT_SCOPES: openlit,
}
