"""Usage in the words of providers, as SDKs pass it on: whole objects of JSON.

OpenAI's counts include their parts. Anthropic's do not, nor do Langfuse's own (`input`, `output`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.dialects.counts import ReadUsage, count, read_usage
from ledger.domain.usage import NO_USAGE, Usage

_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details")
_INCLUSIVE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("prompt_tokens", "input_tokens", "promptTokens"),
    "output_tokens": ("completion_tokens", "output_tokens", "completionTokens"),
    "cache_read": tuple(f"{details}.cached_tokens" for details in _DETAILS),
    "cache_write": tuple(f"{details}.cache_creation_tokens" for details in _DETAILS),
    "cache_write_1h": tuple(
        f"{details}.cache_creation_token_details.ephemeral_1h_input_tokens" for details in _DETAILS
    ),
    "reasoning": tuple(f"{details}.reasoning_tokens" for details in _OUTPUT_DETAILS),
    "input_audio": tuple(f"{details}.audio_tokens" for details in _DETAILS),
    "output_audio": tuple(f"{details}.audio_tokens" for details in _OUTPUT_DETAILS),
    "input_image": tuple(f"{details}.image_tokens" for details in _DETAILS),
    "output_image": tuple(f"{details}.image_tokens" for details in _OUTPUT_DETAILS),
}
_EXCLUSIVE: dict[str, str] = {
    "input": "input_tokens",
    "input_tokens": "input_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "input_cache_read": "cache_read_tokens",
    "input_cached_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_5m_tokens",
    "input_cache_creation": "cache_write_5m_tokens",
    "input_audio": "input_audio_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output": "output_tokens",
    "output_tokens": "output_tokens",
    "output_accepted_prediction_tokens": "output_tokens",
    "output_rejected_prediction_tokens": "output_tokens",
    "output_reasoning": "reasoning_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
    "output_audio": "output_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "output_image_tokens": "output_image_tokens",
}
_WRITTEN_FOR_AN_HOUR = (
    "cache_creation.ephemeral_1h_input_tokens",
    "input_cache_creation_1h",
)
_SIGNS_OF_EXCLUSIVE = (
    "input",
    "output",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


def read_provider_usage(told: Mapping[str, Any]) -> ReadUsage:
    """Disjoint usage, and the counts as they were told.

    Raises InvalidRecord naming the count that is none.
    """
    counts = {name: value for name, value in _flat(told) if value is not None}
    inclusive = "prompt_tokens" in counts or any(details in told for details in _DETAILS)
    if not inclusive and any(name in counts for name in _SIGNS_OF_EXCLUSIVE):
        return _exclusive(counts)
    return read_usage(counts, _INCLUSIVE)


def _exclusive(counts: Mapping[str, Any]) -> ReadUsage:
    tokens: dict[str, int] = {}
    sent: dict[str, Any] = {}
    for name, value in counts.items():
        field = _EXCLUSIVE.get(name)
        if field is not None:
            tokens[field] = tokens.get(field, 0) + (count(value, name) or 0)
            sent[name] = value
    for name in _WRITTEN_FOR_AN_HOUR:
        for_an_hour = count(counts.get(name), name)
        if for_an_hour is not None:
            sent[name] = for_an_hour
            tokens["cache_write_1h_tokens"] = for_an_hour
            written = tokens.get("cache_write_5m_tokens", for_an_hour)
            tokens["cache_write_5m_tokens"] = max(written - for_an_hour, 0)
    return (Usage(**tokens) if tokens else NO_USAGE), sent or None


def _flat(told: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in told.items():
        if isinstance(value, dict) and prefix.count(".") < 2:
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
