"""What every page is given: who reads, in which zone, and where the collector is."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ledger.queries.reader import Reader


@dataclass(frozen=True)
class Context:
    """The surroundings of one process' pages."""

    reader: Reader
    time_zone: ZoneInfo
    collector_url: str
