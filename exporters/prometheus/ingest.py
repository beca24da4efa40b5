"""The families that tell what came in and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample
from ledger.domain.ingest import (
    JOINED_LATER,
    LEFT,
    PARTED_LATER,
    PRICED_LATER,
    RECEIVED,
    RESULTS,
    Count,
    dead_letters_now,
)

_LATER = {
    JOINED_LATER: catalogue.JOINED_LATER,
    PARTED_LATER: catalogue.PARTED_LATER,
    PRICED_LATER: catalogue.PRICED_LATER,
}


def ingest_families(counts: Iterable[Count]) -> Iterator[str]:
    """Records by receiver and result, from (receiver, result, records)."""
    listed = list(counts)
    yield header(catalogue.RECEIVED)
    for receiver, result, records in listed:
        if result == RECEIVED:
            text = labels(catalogue.RECEIVED.labels, (receiver,))
            yield sample(catalogue.RECEIVED.name, text, records)
    yield header(catalogue.INGEST)
    for receiver, result, records in listed:
        if result in RESULTS:
            text = labels(catalogue.INGEST.labels, (receiver, result))
            yield sample(catalogue.INGEST.name, text, records)
    for name, metric in _LATER.items():
        yield header(metric)
        calls = sum(records for _, result, records in listed if result == name)
        yield sample(metric.name, "", calls)
    yield from _dead_letters(listed)


def _dead_letters(counts: list[Count]) -> Iterator[str]:
    yield header(catalogue.DEAD_LETTERS)
    yield sample(catalogue.DEAD_LETTERS.name, "", dead_letters_now(counts))
    yield header(catalogue.DEAD_LETTERS_LEFT)
    for receiver, result, records in counts:
        if result in LEFT:
            text = labels(catalogue.DEAD_LETTERS_LEFT.labels, (receiver, result))
            yield sample(catalogue.DEAD_LETTERS_LEFT.name, text, records)
