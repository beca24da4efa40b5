"""What became of a request's records."""

from __future__ import annotations

from collections.abc import Sequence

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


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a request whose parts had these, in whatever order they came to an end."""
    if len(outcomes) == 1:
        return outcomes[0]
    return Outcome(
        booked=sum(one.booked for one in outcomes),
        duplicate=sum(one.duplicate for one in outcomes),
        spooled=sum(one.spooled for one in outcomes),
        ignored=sum(one.ignored for one in outcomes),
        rejected=sum(one.rejected for one in outcomes),
        refusals=sorted(
            (refusal for one in outcomes for refusal in one.refusals),
            key=lambda refusal: refusal.index,
        ),
    )
