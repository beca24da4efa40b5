"""DeepSeek's usage: OpenAI's form, where the prompt is what hit its cache and what missed it."""

from __future__ import annotations

from ledger.domain.usage import Usage
from ledger.pricing.usages import openai
from ledger.pricing.usages.told import Told

_HIT = "prompt_cache_hit_tokens"
_MISS = "prompt_cache_miss_tokens"
_TABLE = {**openai.TABLE, "cache_read": (_HIT, *openai.TABLE["cache_read"])}


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    parts = told.parts(_TABLE)
    hit, miss = told.count(_HIT), told.count(_MISS)
    if parts["input_tokens"] is None and hit is not None and miss is not None:
        parts["input_tokens"] = hit + miss
    return openai.disjoint(parts)
