"""Anthropic's usage, of its own API and through Bedrock and Vertex AI.

What was read from a cache or written to one stands beside the input; the output includes thinking.
Tokens of compacting a conversation stand only in the iterations and are charged too. What an
advisor used is another model's and no part of this call; server tools are charged by request.
"""

from __future__ import annotations

import msgspec

from ledger.domain.usage import TOKEN_FIELDS, Usage, usage_from_inclusive
from ledger.pricing.usages.openai import written
from ledger.pricing.usages.told import Told, total

SIGNS = frozenset(
    (
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "server_tool_use",
    )
)
"""Fields that no other provider has beside input_tokens."""

_FOR_5M = "cache_creation.ephemeral_5m_input_tokens"
_FOR_1H = "cache_creation.ephemeral_1h_input_tokens"
_COMPACTION = "compaction"


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    used = _message(told)
    for iteration in told.entries("iterations"):
        if iteration.text("type") == _COMPACTION:
            used = added(used, _message(iteration))
    return used


def added(one: Usage, other: Usage) -> Usage:
    """The tokens of both, type by type; what only one of them knows is the other's zero."""
    return Usage(**{name: total(getattr(one, name), getattr(other, name)) for name in TOKEN_FIELDS})


def _message(told: Told) -> Usage:
    """One sampling."""
    output = usage_from_inclusive(
        input_tokens=None,
        output_tokens=told.count("output_tokens"),
        reasoning=told.count("output_tokens_details.thinking_tokens"),
        cache_write=written(
            told.count("cache_creation_input_tokens"), told.count(_FOR_5M), told.count(_FOR_1H)
        ),
        cache_write_1h=told.count(_FOR_1H),
        cache_read=told.count("cache_read_input_tokens"),
    )
    return msgspec.structs.replace(output, input_tokens=told.count("input_tokens"))
