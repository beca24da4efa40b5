"""The families that tell what came in and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample

_RECEIVED = "received"
_LATER = {"joined_later": catalogue.JOINED_LATER, "parted_later": catalogue.PARTED_LATER}


def ingest_families(counts: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    """Records by receiver and result, from (receiver, result, records)."""
    listed = list(counts)
    yield header(catalogue.RECEIVED)
    for receiver, result, records in listed:
        if result == _RECEIVED:
            text = labels(catalogue.RECEIVED.labels, (receiver,))
            yield sample(catalogue.RECEIVED.name, text, records)
    yield header(catalogue.INGEST)
    for receiver, result, records in listed:
        if result != _RECEIVED and result not in _LATER:
            text = labels(catalogue.INGEST.labels, (receiver, result))
            yield sample(catalogue.INGEST.name, text, records)
    for name, metric in _LATER.items():
        yield header(metric)
        calls = sum(records for _, result, records in listed if result == name)
        yield sample(metric.name, "", calls)
