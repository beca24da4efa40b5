"""Amazon Bedrock's own usage: Converse, and what InvokeModel says of any model.

As Amazon documents it, the input leaves out what was read from a cache or written to one. Where the
total proves otherwise, it includes them. What makers' models say in their own words through
InvokeModel (Anthropic's, OpenAI's) is read as theirs.
"""

from __future__ import annotations

from ledger.domain.usage import Usage, usage_from_inclusive
from ledger.pricing.usages.openai import written
from ledger.pricing.usages.told import Told, total

_INPUT = ("inputTokens", "inputTokenCount", "inputTextTokenCount")
_OUTPUT = ("outputTokens", "outputTokenCount")
_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
_LLAMA_OUTPUT = "generation_token_count"
_LLAMA_INPUT = "prompt_token_count"

SIGNS = frozenset((*_INPUT, *_OUTPUT, *_READ, *_WRITTEN, _LLAMA_OUTPUT))


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    fed, said = told.count(*_INPUT, _LLAMA_INPUT), told.count(*_OUTPUT, _LLAMA_OUTPUT)
    read = told.count(*_READ)
    for_1h = _written_for(told, "1h")
    into_cache = written(told.count(*_WRITTEN), _written_for(told, "5m"), for_1h)
    if fed is not None and not _is_whole(told, fed, said, total(read, into_cache)):
        fed = total(fed, read, into_cache)
    return usage_from_inclusive(
        input_tokens=fed,
        output_tokens=said,
        cache_read=read,
        cache_write=into_cache,
        cache_write_1h=for_1h,
    )


def _is_whole(told: Told, fed: int, said: int | None, cached: int | None) -> bool:
    """Whether the total proves that the input includes its caches."""
    everything = told.count("totalTokens")
    return bool(cached) and said is not None and everything == fed + said


def _written_for(told: Told, lifetime: str) -> int | None:
    return total(
        *(
            entry.count("inputTokens")
            for entry in told.entries("cacheDetails")
            if entry.text("ttl") == lifetime
        )
    )
