"""Cohere's usage, where what is billed and what the model saw are two things.

Only billed units count. Tokens include what Cohere adds itself and does not charge, so without
billed units nothing is known. Search units and classifications are charged by piece.
"""

from __future__ import annotations

from ledger.domain.usage import Usage
from ledger.pricing.usages.told import Told

SIGNS = frozenset(("billed_units", "billedUnits"))


def usage(told: Told) -> Usage:
    """Disjoint counts. Raises InvalidRecord naming a count that is none."""
    return Usage(
        input_tokens=_billed(told, "input_tokens", "inputTokens"),
        output_tokens=_billed(told, "output_tokens", "outputTokens"),
        input_image_tokens=_billed(told, "image_tokens", "imageTokens"),
    )


def _billed(told: Told, *names: str) -> int | None:
    return told.count(*(f"{units}.{name}" for units in sorted(SIGNS) for name in names))
