"""Any provider's usage object as our disjoint counts.

The fields tell which form an object has, because hosts serve models of several makers, each in its
maker's words; the provider decides where the same fields mean different things.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.domain.usage import NO_USAGE, Usage
from ledger.pricing.catalog import PROVIDER_IDS
from ledger.pricing.usages import (
    anthropic,
    bedrock,
    cohere,
    deepseek,
    gemini,
    openai,
    opentelemetry,
)
from ledger.pricing.usages.told import Told

_OF_ONE_FORM = (
    (opentelemetry.SIGNS, opentelemetry.usage),
    (cohere.SIGNS, cohere.usage),
    (bedrock.SIGNS, bedrock.usage),
    (gemini.SIGNS, gemini.usage),
)
_CHAT = frozenset(
    (
        "prompt_tokens",
        "completion_tokens",
        "promptTokens",
        "completionTokens",
        "prompt_cache_hit_tokens",
        "prompt_cache_miss_tokens",
    )
)
_BARE = frozenset(("input_tokens", "output_tokens"))
"""What OpenAI's Responses and Anthropic's messages have in common."""

_CHAT_OF = {
    "deepseek": deepseek.usage,
    "gemini": openai.with_reasoning_beside,
    "google": openai.with_reasoning_beside,
    "vertex_ai": openai.with_reasoning_beside,
    "x-ai": openai.with_reasoning_beside,
}
"""Who means something of its own by OpenAI's fields, by the catalog's name and gateways' names."""

_SPEAK_ANTHROPIC = frozenset(("anthropic", "aws"))


def normalise(provider: str, operation: str, raw: Mapping[str, Any]) -> Usage:
    """Disjoint counts of a provider's usage object, as its API documents it.

    Fields that are not known are ignored, and what is not said is unknown, never zero; so is all
    of an object of no known form. Parts that are larger than their whole leave the whole as it is,
    so no count is negative and nothing that was told is lost. Raises InvalidRecord naming the field
    when a count is none: negative, no whole number, more than a billion.
    """
    told = Told(raw)
    for signs, read in _OF_ONE_FORM:
        if signs & told.heads:
            return read(told)
    name = provider.lower()
    provider_id = PROVIDER_IDS.get(name, name)
    if _CHAT & told.heads:
        chat = _CHAT_OF.get(provider_id)
        return openai.usage(told, operation) if chat is None else chat(told)
    if _is_anthropic(told, provider_id):
        return anthropic.usage(told)
    return openai.usage(told, operation) if _BARE & told.heads else NO_USAGE


def _is_anthropic(told: Told, provider_id: str) -> bool:
    if told.heads.intersection(openai.INPUT_DETAILS):
        return False
    if told.heads & anthropic.SIGNS:
        return True
    return provider_id in _SPEAK_ANTHROPIC and bool(_BARE & told.heads)
