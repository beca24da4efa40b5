"""Reading token counts from attributes by tables of names, shared by all dialects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import MAX_TOKENS, Usage, token_count, usage_from_inclusive
from ledger.pricing.usages.told import Table, ranked_names

ReadUsage = tuple[Usage, dict[str, Any] | None]
"""Disjoint usage, and the counts as they were sent."""


def read_usage(attributes: Mapping[str, Any], table: Table) -> ReadUsage:
    """Disjoint usage from inclusive counts.

    Raises InvalidRecord naming the attribute whose count is no count.
    """
    counts, sent = _counts(attributes, table)
    return usage_from_inclusive(**counts), sent or None


def read_exclusive_usage(attributes: Mapping[str, Any], table: Table) -> ReadUsage:
    """The same where the input leaves out what came from a cache or went to one."""
    counts, sent = _counts(attributes, table)
    if counts["input_tokens"] is not None:
        counts["input_tokens"] += sum(counts.get(name) or 0 for name in _AROUND_INPUT)
    return usage_from_inclusive(**counts), sent or None


def count(value: Any, name: str) -> int | None:
    """A token count. Raises InvalidRecord naming where what is none stands."""
    try:
        return token_count(value, name)
    except ValueError as error:
        raise InvalidRecord(name, str(error).removeprefix(f"{name}: ")) from error


_AROUND_INPUT = ("cache_read", "cache_write")


def _counts(
    attributes: Mapping[str, Any], table: Table
) -> tuple[dict[str, int | None], dict[str, Any]]:
    ranked = ranked_names(table)
    found: dict[str, tuple[int, str]] = {}
    for name in attributes:
        known = ranked.get(name)
        if known is not None:
            part, rank = known
            if part not in found or rank < found[part][0]:
                found[part] = (rank, name)
    counts: dict[str, int | None] = {"input_tokens": None, "output_tokens": None}
    sent: dict[str, Any] = {}
    for part, (_, name) in found.items():
        value = sent[name] = attributes[name]
        plain = type(value) is int and 0 <= value <= MAX_TOKENS
        counts[part] = value if plain else count(value, name)
    return counts, sent
