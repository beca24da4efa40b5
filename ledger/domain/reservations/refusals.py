"""Why an amount is not held, and when trying again makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from uuid import UUID

Reason = Literal["used_up", "too_fast", "unpriceable"]

USED_UP: Reason = "used_up"
"""What is spent and held leaves too little of the budget."""
TOO_FAST: Reason = "too_fast"
"""Spending is ahead of the period that it should last for."""
UNPRICEABLE: Reason = "unpriceable"
"""What the call will take is not known, and the budget admits no such calls."""


_NEVER = datetime.max.replace(tzinfo=UTC)


class Refusal(NamedTuple):
    """What one budget answers to an amount that it does not hold."""

    budget_id: UUID
    name: str
    reason: Reason
    is_in_tokens: bool
    remaining: int
    """Pico-dollars, or tokens, that are neither spent nor held."""
    retry_at: datetime | None
    """None: at no time while the budget stays as it is."""


def binding(refusals: Sequence[Refusal]) -> Refusal:
    """The one that lasts longest: whoever waits for it needs to wait for no other."""
    return max(refusals, key=lambda refusal: refusal.retry_at or _NEVER)
