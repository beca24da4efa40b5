"""Disjoint tokens from LiteLLM's counts."""

from __future__ import annotations

from typing import Any

from collector.receivers.litellm.names import provider_name
from collector.receivers.litellm.payload import (
    CacheCreation,
    Count,
    Details,
    Metadata,
    Payload,
    UsageObject,
    read_object,
    read_text,
)
from collector.receivers.semconv import LITELLM_COUNTED_BY
from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import NO_USAGE, Usage, token_count, usage_from_inclusive


def read_usage(payload: Payload, metadata: Metadata) -> tuple[Usage, dict[str, Any] | None]:
    """Disjoint usage, and the counts as they were sent.

    LiteLLM writes 0 for what it does not know, so a call without a single token has no known
    usage; its own guesses are kept as sent and not taken for usage. Raises InvalidRecord for a
    count that is none.
    """
    sent = read_object(metadata.usage_object, UsageObject)
    if sent.input_tokens is not None and sent.prompt_tokens is None:
        parts = _anthropic_parts(sent)
    else:
        parts = _parts(payload, sent)
    if not any(parts.values()):
        return NO_USAGE, None
    usage = usage_from_inclusive(**{"input_tokens": None, "output_tokens": None, **parts})
    counts = {name: tokens for name, tokens in parts.items() if tokens is not None}
    return (NO_USAGE if _is_litellms_own(payload, sent) else usage), counts


def _is_litellms_own(payload: Payload, sent: UsageObject) -> bool:
    """Whether LiteLLM counted by itself, as it does where a stream came without usage.

    These providers always say how much of the input was cached, where they count at all.
    """
    provider = provider_name(read_text(payload.custom_llm_provider) or "")
    return (
        bytes(payload.stream) == b"true"
        and provider in LITELLM_COUNTED_BY
        and sent.prompt_tokens_details is None
    )


def _parts(payload: Payload, sent: UsageObject) -> dict[str, int | None]:
    """LiteLLM's own counts: as OpenAI's, the whole includes its parts."""
    prompt = sent.prompt_tokens_details or Details()
    answer = sent.completion_tokens_details or Details()
    written = prompt.cache_creation_token_details or sent.cache_creation or CacheCreation()
    cache_write = _first(
        sent.cache_creation_input_tokens, prompt.cache_write_tokens, prompt.cache_creation_tokens
    )
    return {
        "input_tokens": _count(_first(sent.prompt_tokens, payload.prompt_tokens)),
        "output_tokens": _count(_first(sent.completion_tokens, payload.completion_tokens)),
        "cache_read": _count(_first(prompt.cached_tokens, sent.cache_read_input_tokens)),
        "cache_write": _count(cache_write),
        "cache_write_1h": _count(written.ephemeral_1h_input_tokens),
        "reasoning": _count(answer.reasoning_tokens),
        "input_audio": _count(prompt.audio_tokens),
        "output_audio": _count(answer.audio_tokens),
        "input_image": _count(prompt.image_tokens),
        "output_image": _count(answer.image_tokens),
    }


def _anthropic_parts(sent: UsageObject) -> dict[str, int | None]:
    """Anthropic's own counts, where caches stand beside the input: the input is made whole."""
    cache_read = _count(sent.cache_read_input_tokens)
    cache_write = _count(sent.cache_creation_input_tokens)
    written = sent.cache_creation or CacheCreation()
    fresh = _count(sent.input_tokens) or 0
    return {
        "input_tokens": fresh + (cache_read or 0) + (cache_write or 0),
        "output_tokens": _count(sent.output_tokens),
        "cache_read": cache_read,
        "cache_write": cache_write,
        "cache_write_1h": _count(written.ephemeral_1h_input_tokens),
    }


def _first(*counts: Count) -> Count:
    return next((count for count in counts if count is not None), None)


def _count(value: Count) -> int | None:
    try:
        return token_count(value, "")
    except ValueError as error:
        raise InvalidRecord("metadata.usage_object", str(error).removeprefix(": ")) from error
