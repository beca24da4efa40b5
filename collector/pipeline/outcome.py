"""What became of a request's records."""

from __future__ import annotations

import msgspec

from ledger.domain.calls import Refusal


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Every record of a request is counted once: booked, duplicate, spooled, ignored or refused."""

    booked: int = 0
    duplicate: int = 0
    spooled: int = 0
    """Accepted and durable on disk, to be booked when Postgres is back."""
    ignored: int = 0
    rejected: int = 0
    refusals: list[Refusal] = []
    """What was refused, of very many the first."""

    @property
    def records(self) -> int:
        """How many records came in."""
        return self.booked + self.duplicate + self.spooled + self.ignored + self.rejected
