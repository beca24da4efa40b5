"""Notices: that an account of a budget reached a threshold, and where that is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.budgets.periods import Period
from ledger.domain.budgets.scope import ScopeKey

GIVEN_UP_AFTER = timedelta(days=3)
"""From the crossing on; until then a channel that takes nothing is tried again and again."""

FIRST_PAUSE = timedelta(seconds=15)
"""After the first failure of a delivery; each one more doubles it."""
LONGEST_PAUSE = timedelta(minutes=15)


class NoticeKey(NamedTuple):
    """Which notice it is: there is one for each of these."""

    budget_id: UUID
    scope_key: ScopeKey
    armed_at: datetime
    """Start of the period, or since when within it the threshold can be crossed anew."""
    threshold: Decimal


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold that one account reached; figures are in the budget's unit."""

    budget_id: UUID
    scope_key: ScopeKey
    armed_at: datetime
    threshold: Decimal
    period_start: datetime
    period_end: datetime
    used: int
    """When it was noticed."""
    allowed: int
    crossed_at: datetime
    rearmed_at: datetime | None = None
    """Since when the same threshold can be crossed anew, though the period goes on."""

    @property
    def key(self) -> NoticeKey:
        """Which one it is."""
        return NoticeKey(self.budget_id, self.scope_key, self.armed_at, self.threshold)

    @property
    def period(self) -> Period:
        """The period in which it was crossed; of a rolling one its window then."""
        return Period(self.period_start, self.period_end)


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Where notices go."""

    channel_id: UUID
    tenant: str
    name: str
    url: str
    """With its secrets: only what sends may look at it."""
    shown_url: str

    def __repr__(self) -> str:
        """Without secrets: what is printed or logged by mistake harms nobody."""
        return f"Channel({self.tenant!r}, {self.name!r}, {self.shown_url!r})"
