"""What the pipeline hands over for booking, and what it learns back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from exporters.postgres.joining.keys import CallKeys, KeyColumns
from exporters.postgres.rows import Row
from exporters.postgres.tallies import Tally
from ledger.domain.calls import PricedCall, Refusal


class Mark(msgspec.Struct, frozen=True):
    """How far a source has been read once its batch is booked; kept with the calls themselves."""

    source: str
    place: int
    detail: dict[str, Any] | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought: every record it held is counted in exactly one of these."""

    receiver: str
    calls: list[PricedCall]
    refusals: list[Refusal] = []
    """Evidence of refused records; of very many the first ones only."""
    rejected: int = 0
    ignored: int = 0
    """Records that are no LLM calls."""
    mark: Mark | None = None
    promised: bool = False
    """Whether its sender was told that it is safe: then no call of it may be refused any more."""

    @property
    def records(self) -> int:
        """How many records came in."""
        return len(self.calls) + self.rejected + self.ignored


@dataclass
class Prepared:
    """A batch with all that can be worked out before its turn to be booked comes."""

    batch: Batch
    rows: list[Row]
    keys: list[CallKeys]
    columns: KeyColumns
    tally: Tally


class Booked(msgspec.Struct, frozen=True):
    """How the calls of one batch were booked."""

    booked: int
    duplicate: int
    refused: tuple[tuple[int, str], ...] = ()
    """Calls of the batch, by position, that the ledger does not take, and why."""
