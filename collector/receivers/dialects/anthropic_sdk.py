"""The spans that Anthropic's own SDK makes, alone or below an instrumentation.

It makes one for every request to the API, such as the counting of tokens, which names a model too
and is free.
"""

from __future__ import annotations

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.counts import ReadUsage, count
from collector.receivers.dialects.fields import build_call
from collector.receivers.spans import Span
from ledger.domain.calls import Call

NAME = "anthropic_sdk"


def describes_call(span: Span) -> bool:
    """Whether the span is a message, not another request to the API or a run of a tool."""
    return span.attributes.get(semconv.GENAI_OPERATION) in semconv.GENAI_CALLS


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    said = otel_genai.described(span, NAME)
    usage = _with_compaction(span, said.usage)
    return build_call(span, msgspec.structs.replace(said, usage=usage), default_tenant)


def _with_compaction(span: Span, plain: ReadUsage) -> ReadUsage:
    """The tokens of a compaction are charged too; which of its input was cached is not told."""
    usage, sent = plain
    for field, name in semconv.ANTHROPIC_COMPACTION.items():
        more = count(span.attributes.get(name), name)
        if more is not None:
            usage = msgspec.structs.replace(usage, **{field: (getattr(usage, field) or 0) + more})
            sent = {**(sent or {}), name: more}
    return usage, sent
