"""Usage as SDKs pass it on, whole objects of JSON: in a provider's words, or in Langfuse's own.

Langfuse's (`input`, `output`, and more after an underscore) leaves the parts out of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.receivers.dialects.counts import ReadUsage
from ledger.domain.usage import NO_USAGE, Usage
from ledger.pricing.usages.kept import kept
from ledger.pricing.usages.normalise import normalise
from ledger.pricing.usages.told import Told, total

_LANGFUSE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input", "input_tokens"),
    "cache_read_tokens": (
        "cache_read_input_tokens",
        "input_cache_read",
        "input_cached_tokens",
    ),
    "input_audio_tokens": ("input_audio", "input_audio_tokens"),
    "input_image_tokens": ("input_image_tokens",),
    "output_tokens": (
        "output",
        "output_tokens",
        "output_accepted_prediction_tokens",
        "output_rejected_prediction_tokens",
    ),
    "reasoning_tokens": ("output_reasoning", "output_reasoning_tokens"),
    "output_audio_tokens": ("output_audio", "output_audio_tokens"),
    "output_image_tokens": ("output_image_tokens",),
}
"""Names that are added up, by type."""
_WRITTEN = ("cache_creation_input_tokens", "input_cache_creation")
_WRITTEN_FOR_AN_HOUR = (
    "cache_creation.ephemeral_1h_input_tokens",
    "input_cache_creation_1h",
)
_SIGNS_OF_LANGFUSE = frozenset(("input", "output"))


def read_provider_usage(told: Mapping[str, Any], provider: str = "") -> ReadUsage:
    """Disjoint usage, and the counts as they were told.

    Raises InvalidRecord naming the count that is none.
    """
    counts = Told(told)
    is_langfuses = bool(_SIGNS_OF_LANGFUSE & counts.heads)
    usage = _of_langfuse(counts) if is_langfuses else normalise(provider, "", told)
    return usage, kept(told) or None


def _of_langfuse(counts: Told) -> Usage:
    tokens = {
        field: total(*(counts.count(name) for name in names)) for field, names in _LANGFUSE.items()
    }
    written = total(*(counts.count(name) for name in _WRITTEN))
    for_an_hour = counts.count(*_WRITTEN_FOR_AN_HOUR)
    tokens["cache_write_1h_tokens"] = for_an_hour
    tokens["cache_write_5m_tokens"] = (
        written if written is None or for_an_hour is None else max(written - for_an_hour, 0)
    )
    return Usage(**tokens) if any(count is not None for count in tokens.values()) else NO_USAGE
