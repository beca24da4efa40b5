"""OpenAI's usage: Chat Completions, Responses, Batch, Realtime, images and transcriptions.

Also the form of Azure OpenAI, Mistral, and of the many others that speak OpenAI's language, and
what LiteLLM makes of every provider's. Input and output include their parts: caches, reasoning,
audio and images.
"""

from __future__ import annotations

from ledger.domain.usage import Usage, usage_from_inclusive
from ledger.pricing.usages.told import Told, total

INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")

IMAGES = frozenset(("image_generation", "image_edit", "image_variation"))
"""Operations whose output is images alone, where no details say so."""

_CACHES = (
    "cache_creation",
    *(f"{details}.cache_creation_token_details" for details in INPUT_DETAILS),
)
TABLE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("prompt_tokens", "input_tokens", "promptTokens"),
    "output_tokens": ("completion_tokens", "output_tokens", "completionTokens"),
    "cache_read": (
        *(f"{details}.cached_tokens" for details in INPUT_DETAILS),
        "cache_read_input_tokens",
    ),
    "cache_write": (
        "cache_creation_input_tokens",
        *(f"{details}.cache_write_tokens" for details in INPUT_DETAILS),
        *(f"{details}.cache_creation_tokens" for details in INPUT_DETAILS),
    ),
    "cache_write_5m": tuple(f"{cache}.ephemeral_5m_input_tokens" for cache in _CACHES),
    "cache_write_1h": tuple(f"{cache}.ephemeral_1h_input_tokens" for cache in _CACHES),
    "reasoning": (
        *(f"{details}.reasoning_tokens" for details in OUTPUT_DETAILS),
        "output_tokens_details.thinking_tokens",
    ),
    "input_audio": tuple(f"{details}.audio_tokens" for details in INPUT_DETAILS),
    "output_audio": tuple(f"{details}.audio_tokens" for details in OUTPUT_DETAILS),
    "input_image": tuple(f"{details}.image_tokens" for details in INPUT_DETAILS),
    "output_image": tuple(f"{details}.image_tokens" for details in OUTPUT_DETAILS),
    "cached_audio": tuple(
        f"{details}.cached_tokens_details.audio_tokens" for details in INPUT_DETAILS
    ),
    "cached_image": tuple(
        f"{details}.cached_tokens_details.image_tokens" for details in INPUT_DETAILS
    ),
}


def usage(told: Told, operation: str = "chat") -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    parts = told.parts(TABLE)
    if operation in IMAGES and parts["output_image"] is None:
        parts["output_image"] = parts["output_tokens"]
    elif _stands_beside(told, parts):
        parts["output_tokens"] = total(parts["output_tokens"], parts["reasoning"])
    return disjoint(parts)


def with_reasoning_beside(told: Told) -> Usage:
    """The same for providers that leave reasoning out of what was completed (xAI, Google).

    Where the total says that it is within, it is; where nothing but the total tells of it, it is
    what the total has beyond input and output.
    """
    parts = told.parts(TABLE)
    beyond = _beyond(told, parts)
    if parts["reasoning"] is None and beyond and beyond > 0:
        parts["reasoning"] = beyond
    if parts["reasoning"] and beyond != 0:
        parts["output_tokens"] = total(parts["output_tokens"], parts["reasoning"])
    return disjoint(parts)


def disjoint(parts: dict[str, int | None]) -> Usage:
    """Disjoint counts from inclusive ones by the names of TABLE."""
    inclusive = {
        "input_tokens": None,
        "output_tokens": None,
        **{name: count for name, count in parts.items() if name not in _ONLY_HERE},
    }
    inclusive["cache_write"] = written(
        parts.get("cache_write"), parts.get("cache_write_5m"), parts.get("cache_write_1h")
    )
    for kind in ("audio", "image"):
        inclusive[f"input_{kind}"] = fresh(parts.get(f"input_{kind}"), parts.get(f"cached_{kind}"))
    return usage_from_inclusive(**inclusive)


_ONLY_HERE = frozenset(("cache_write_5m", "cached_audio", "cached_image"))


def written(both: int | None, for_5m: int | None, for_1h: int | None) -> int | None:
    """All tokens written to caches; where both lifetimes are told and have more, they count."""
    by_lifetime = total(for_5m, for_1h)
    if both is None or by_lifetime is None or for_5m is None:
        return by_lifetime if both is None else both
    return max(both, by_lifetime)


def fresh(part: int | None, cached: int | None) -> int | None:
    """What of a part did not come from a cache; a contradiction leaves the part as it is."""
    return part - cached if part is not None and cached and cached <= part else part


def _stands_beside(told: Told, parts: dict[str, int | None]) -> bool:
    """Whether the total proves that reasoning was left out of the output."""
    return bool(parts["reasoning"]) and _beyond(told, parts) == parts["reasoning"]


def _beyond(told: Told, parts: dict[str, int | None]) -> int | None:
    """How much larger the total is than input and output; None where one of them is unknown."""
    everything = told.count("total_tokens", "totalTokens")
    both = (parts["input_tokens"], parts["output_tokens"])
    if everything is None or None in both:
        return None
    return everything - (total(*both) or 0)
