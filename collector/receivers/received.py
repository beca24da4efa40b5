"""What a receiver makes of one request."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.domain.calls import Call, Refusal

MOST_REFUSALS = 10_000
"""Refusals of one request that are told one by one; any more are only counted."""
_MOST_PAYLOADS = 100
_MOST_TEXT_CHARACTERS = 1000
"""What was wrong may quote what was sent."""


@dataclass
class Received:
    """The records of one request, sorted into calls, refusals and what is no call."""

    receiver: str
    calls: list[Call] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Position in the request of each call in `calls`."""
    refusals: list[Refusal] = field(default_factory=list)
    refused_beyond: int = 0
    """How many more records were refused than `refusals` tells of."""
    ignored: int = 0

    @property
    def rejected(self) -> int:
        """How many records were refused."""
        return len(self.refusals) + self.refused_beyond

    @property
    def keeps_refusals(self) -> bool:
        """Whether the next refusal is told or only counted."""
        return len(self.refusals) < MOST_REFUSALS

    @property
    def keeps_payloads(self) -> bool:
        """Whether the payload of the next refusal is still of use."""
        return len(self.refusals) < _MOST_PAYLOADS

    def add(self, position: int, call: Call) -> None:
        """Keep a call."""
        self.calls.append(call)
        self.positions.append(position)

    def refuse(
        self,
        position: int,
        path: str,
        reason: str,
        tenant: str | None = None,
        payload: str | None = None,
    ) -> None:
        """Keep the evidence of a record that cannot be booked.

        A body of garbage can hold more refusals than memory: of very many the first ones are kept.
        """
        if not self.keeps_refusals:
            self.refused_beyond += 1
            return
        if not self.keeps_payloads:
            payload = None
        self.refusals.append(
            Refusal(
                position,
                path[:_MOST_TEXT_CHARACTERS],
                reason[:_MOST_TEXT_CHARACTERS],
                tenant and tenant[:_MOST_TEXT_CHARACTERS],
                payload,
            )
        )
