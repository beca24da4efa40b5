"""What validation lets through of one request: ready to be priced and booked, or to be spooled."""

from __future__ import annotations

import msgspec

from ledger.domain.calls import Call, Refusal


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one request; each one that came in is counted in exactly one of these."""

    receiver: str
    calls: list[Call]
    """Validated, not yet priced; without content."""
    refusals: list[Refusal] = []
    """Evidence of refused records; of very many the first ones only."""
    rejected: int = 0
    ignored: int = 0
    """Records that are no LLM calls."""

    @property
    def records(self) -> int:
        """How many records came in."""
        return len(self.calls) + self.rejected + self.ignored
