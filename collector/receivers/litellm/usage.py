"""Disjoint tokens from LiteLLM's counts: OpenAI's form, or Anthropic's own where it passes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.litellm.names import operation_of, provider_name
from collector.receivers.litellm.payload import Metadata, Payload, read_small_object, read_text
from collector.receivers.semconv import LITELLM_COUNTED_BY
from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import NO_USAGE, Usage
from ledger.pricing.usages.kept import kept
from ledger.pricing.usages.normalise import normalise

_FORM = "litellm"
"""LiteLLM has put every provider's counts into one form; what a provider means by it is no more."""


def read_usage(payload: Payload, metadata: Metadata) -> tuple[Usage, dict[str, Any] | None]:
    """Disjoint usage, and the counts as they were sent.

    LiteLLM writes 0 for what it does not know, so a call without a single token has no known
    usage; its own guesses are kept as sent and not taken for usage. Raises InvalidRecord for a
    count that is none.
    """
    sent = read_small_object(metadata.usage_object)
    told = _told(payload, sent)
    try:
        usage = normalise(_FORM, operation_of(payload.call_type) or "", told)
    except InvalidRecord as error:
        raise InvalidRecord("metadata.usage_object", str(error)) from error
    if not any(tokens for _, tokens in usage.reported()):
        return NO_USAGE, None
    return (NO_USAGE if _is_litellms_own(payload, sent) else usage), kept(told)


def _told(payload: Payload, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of the usage; the totals beside it fill in for LiteLLM's own form."""
    said = {name: value for name, value in sent.items() if value is not None}
    if "input_tokens" in said and "prompt_tokens" not in said:
        return said
    totals = {
        "prompt_tokens": payload.prompt_tokens,
        "completion_tokens": payload.completion_tokens,
    }
    return {name: value for name, value in totals.items() if value is not None} | said


def _is_litellms_own(payload: Payload, sent: Mapping[str, Any]) -> bool:
    """Whether LiteLLM counted by itself, as it does where a stream came without usage.

    These providers always say how much of the input was cached, where they count at all.
    """
    provider = provider_name(read_text(payload.custom_llm_provider) or "")
    return (
        bytes(payload.stream) == b"true"
        and provider in LITELLM_COUNTED_BY
        and sent.get("prompt_tokens_details") is None
    )
