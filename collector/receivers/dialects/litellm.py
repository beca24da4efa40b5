"""LiteLLM's OpenTelemetry callback, of the library and of the gateway.

Caches and reasoning stand only in `metadata.usage_object`, a dictionary as Python prints it. A
stream without usage is counted by LiteLLM itself.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects import otel_genai
from collector.receivers.dialects.counts import ReadUsage
from collector.receivers.dialects.fields import build_call, provider_name, text
from collector.receivers.dialects.metadata import json_object, with_metadata
from collector.receivers.dialects.provider_usage import read_provider_usage
from collector.receivers.spans import Span
from ledger.domain.calls import Call
from ledger.domain.usage import NO_USAGE
from ledger.pricing.usages.kept import is_dense

NAME = "litellm"

_LONGEST_USAGE_CHARACTERS = 4096


def describes_call(span: Span) -> bool:
    """Whether the span is a request to a model, not the raw one below it or an inner service."""
    return otel_genai.is_request(span)


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    metadata = span.attributes.get(semconv.LITELLM_METADATA)
    if metadata:
        span = with_metadata(span, json_object(metadata) or _dictionary(metadata))
    said = otel_genai.described(span, NAME)
    provider = provider_name(said.provider or _provider_of_model(span))
    said = msgspec.structs.replace(
        said,
        provider=provider,
        usage=_usage(span, provider, said.usage),
        cache_hit=span.attributes.get(semconv.LITELLM_CACHE_HIT),
    )
    call = build_call(span, said, default_tenant)
    if call.response_id and call.response_id == span.attributes.get(semconv.LITELLM_CALL_ID):
        # Where the provider gave no id, LiteLLM puts its own in its place.
        return msgspec.structs.replace(call, response_id=None)
    return call


def _usage(span: Span, provider: str | None, plain: ReadUsage) -> ReadUsage:
    told = _dictionary(span.attributes.get(semconv.LITELLM_USAGE))
    usage, counts = read_provider_usage(told)
    if not usage.is_known:
        return plain
    if provider in semconv.LITELLM_COUNTED_BY and _was_streamed(span):
        return (usage if told.get("prompt_tokens_details") else NO_USAGE), counts
    return usage, counts


def _was_streamed(span: Span) -> bool:
    return str(span.attributes.get(semconv.LITELLM_STREAM)).lower() == "true"


def _provider_of_model(span: Span) -> str | None:
    provider, slash, _ = (text(span.attributes.get(semconv.LITELLM_MODEL)) or "").partition("/")
    return provider if slash else None


def _dictionary(printed: Any) -> Mapping[str, Any]:
    """A dictionary as Python prints it; an empty one for anything else."""
    if not isinstance(printed, str) or len(printed) > _LONGEST_USAGE_CHARACTERS:
        return {}
    if is_dense(printed.encode(errors="replace")):
        return {}
    try:
        value = ast.literal_eval(printed)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
