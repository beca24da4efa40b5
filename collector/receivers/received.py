"""What a receiver makes of the records of a request, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from ledger.domain.calls import Call, Refusal
from ledger.domain.errors import InvalidRecord, UnreadableBody

MOST_REFUSALS = 10_000
"""Refusals of one request that are told one by one; any more are only counted."""
_MOST_PAYLOADS = 100
_MOST_TEXT_CHARACTERS = 1000
"""What was wrong may quote what was sent."""

T = TypeVar("T")


def _nothing() -> None:
    return None


class Refused(NamedTuple):
    """A record that cannot be booked; its evidence is worked out only if there is room for it."""

    path: str
    reason: str
    tenant: Callable[[], str | None] = _nothing
    payload: Callable[[], str | None] = _nothing


Reading = Call | Refused | None
"""What one record turned out to be; None is no call."""


def read_each(
    records: Iterable[Call | T | InvalidRecord],
    read: Callable[[T], Call | None],
    *,
    tenant: Callable[[T], str | None],
    payload: Callable[[T], str | None],
) -> Iterator[Reading]:
    """Read records one by one; of those that `read` finds invalid, evidence can be had.

    Some are calls already, or known to be invalid.
    """
    for record in records:
        if isinstance(record, Call):
            yield record
            continue
        if isinstance(record, InvalidRecord):
            yield Refused(record.path, record.reason)
            continue
        try:
            reading = read(record)
        except InvalidRecord as invalid:
            yield Refused(
                invalid.path, invalid.reason, partial(tenant, record), partial(payload, record)
            )
        else:
            yield reading


@dataclass
class Received:
    """Some records of one request, sorted into calls, refusals and what is no call."""

    receiver: str
    calls: list[Call] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    """Position in the request of each call in `calls`."""
    refusals: list[Refusal] = field(default_factory=list)
    refused_beyond: int = 0
    """How many more records were refused than `refusals` tells of."""
    ignored: int = 0
    told_before: int = 0
    """Refusals of the same request that earlier parts told of."""

    @property
    def rejected(self) -> int:
        """How many records were refused."""
        return len(self.refusals) + self.refused_beyond

    @property
    def evidence(self) -> list[Refusal]:
        """The refusals to keep: of a request with very many, the first ones."""
        return self.refusals[: max(0, _MOST_PAYLOADS - self.told_before)]

    def gather(self, readings: Iterator[Reading], first: int, most: int) -> int:
        """Take up to `most` readings of a request, of which `first` came before; returns how many.

        A body that turns out damaged after some of its records is refused from there on. Raises
        UnreadableBody when there was nothing before.
        """
        position = first
        try:
            for reading in islice(readings, most):
                self.add(position, reading)
                position += 1
        except UnreadableBody as damaged:
            if position == 0:
                raise
            self.add(position, Refused("body", str(damaged)))
        return position - first

    def add(self, position: int, reading: Reading) -> None:
        """Sort in what the record at a position turned out to be."""
        if isinstance(reading, Call):
            self.calls.append(reading)
            self.positions.append(position)
        elif reading is None:
            self.ignored += 1
        else:
            self._refuse(position, reading)

    def _refuse(self, position: int, refused: Refused) -> None:
        """Keep the evidence; a body of garbage can hold more of it than memory."""
        told = self.told_before + len(self.refusals)
        if told >= MOST_REFUSALS:
            self.refused_beyond += 1
            return
        tenant = refused.tenant()
        self.refusals.append(
            Refusal(
                position,
                refused.path[:_MOST_TEXT_CHARACTERS],
                refused.reason[:_MOST_TEXT_CHARACTERS],
                tenant and tenant[:_MOST_TEXT_CHARACTERS],
                refused.payload() if told < _MOST_PAYLOADS else None,
            )
        )
