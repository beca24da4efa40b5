"""What a receiver makes of one request."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.domain.calls import Call, Refusal


@dataclass
class Received:
    """The records of one request, sorted into calls, refusals and what is no call."""

    receiver: str
    calls: list[Call] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Position in the request of each call in `calls`."""
    refusals: list[Refusal] = field(default_factory=list)
    ignored: int = 0

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
        """Keep the evidence of a record that cannot be booked."""
        self.refusals.append(Refusal(position, path, reason, tenant, payload))
