"""Usage in OpenTelemetry's GenAI names, where input and output include their parts."""

from __future__ import annotations

from ledger.domain.usage import Usage
from ledger.pricing.usages import openai
from ledger.pricing.usages.told import Told

TABLE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "cache_write": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "cache_write_1h": ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    "input_audio": ("gen_ai.usage.audio.input_tokens",),
    "output_audio": ("gen_ai.usage.audio.output_tokens",),
    "input_image": ("gen_ai.usage.image.input_tokens",),
    "output_image": ("gen_ai.usage.image.output_tokens",),
}
"""Names of the counts, current ones first."""

SIGNS = frozenset(("gen_ai",))


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    return openai.disjoint(told.parts(TABLE))
