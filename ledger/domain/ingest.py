"""How ingest accounts for itself: what each record came to, and how long commits took."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Count = tuple[str, str, int]
"""(receiver, result, records)."""

RECEIVED = "received"
RESULTS = ("booked", "duplicate", "ignored", "rejected", "dead_lettered")
"""Every record that is received ends as exactly one of these."""
JOINED_LATER = "joined_later"
"""Calls that had been booked and turned out to be copies of others; no result of a record."""
PARTED_LATER = "parted_later"
"""Calls that had been joined and turned out to be calls of their own."""
PRICED_LATER = "priced_later"
"""Calls that had been booked without a price and were given one."""
LEFT = ("replayed", "dropped")
"""Results under which letters are counted that are no letters any more."""


class Imbalance(NamedTuple):
    """Two sides that should be equal and are not."""

    what: str
    found: int
    should_be: int

    @property
    def off(self) -> int:
        """By how many records."""
        return abs(self.found - self.should_be)


def unbalanced_receivers(counts: Iterable[Count]) -> list[Imbalance]:
    """Receivers of which not every record received is counted under exactly one result."""
    received: Counter[str] = Counter()
    settled: Counter[str] = Counter()
    for receiver, result, records in counts:
        if result == RECEIVED:
            received[receiver] += records
        elif result in RESULTS:
            settled[receiver] += records
    return [
        Imbalance(f"{receiver}: records with a result", settled[receiver], received[receiver])
        for receiver in sorted({*received, *settled})
        if settled[receiver] != received[receiver]
    ]


def calls_now(counts: Sequence[Count]) -> int:
    """How many calls there are by what was counted when they were booked, joined and parted."""
    return _sum(counts, "booked", PARTED_LATER) - _sum(counts, JOINED_LATER)


def dead_letters_now(counts: Sequence[Count]) -> int:
    """How many dead letters there are by what was counted when they came and went."""
    return _sum(counts, "dead_lettered") - _sum(counts, *LEFT)


def _sum(counts: Iterable[Count], *results: str) -> int:
    return sum(records for _, result, records in counts if result in results)


class Commit(NamedTuple):
    """What one transaction of the writer took."""

    seconds: float
    calls: int
    lag_seconds: float
    """From the hand-in of the request that had waited longest to the end of the commit."""


COMMIT_BOUNDS: dict[str, tuple[float, ...]] = {
    "seconds": (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    "calls": (1, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000),
    "lag_seconds": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
}
"""Upper bounds of the buckets of each measure. The ledger keeps counts by their places in these
lists, so a bound can only be changed together with a migration."""


class CommitCount(NamedTuple):
    """How many commits had a measure in one bucket, and what they add up to."""

    measure: str
    bucket: int
    """Index into the measure's bounds; one more is beyond the last."""
    commits: int
    total: float


def count_commits(commits: Iterable[Commit]) -> list[CommitCount]:
    """The counts that commits add, in the order of measures and buckets."""
    numbers: Counter[tuple[str, int]] = Counter()
    totals: dict[tuple[str, int], float] = {}
    for commit in commits:
        for measure, bounds in COMMIT_BOUNDS.items():
            value = float(getattr(commit, measure))
            key = measure, bisect_left(bounds, value)
            numbers[key] += 1
            totals[key] = totals.get(key, 0.0) + value
    return [CommitCount(*key, numbers[key], totals[key]) for key in sorted(numbers)]
