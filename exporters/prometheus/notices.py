"""What became of notices about budgets; it changes when nothing is booked."""

from __future__ import annotations

import time
from collections.abc import Iterator

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample
from ledger.queries.notices.condition import NoticeCounts, notice_counts
from ledger.queries.reader import Reader

_FRESH_SECONDS = 5.0


class NoticeFigures:
    """Draws the figures of notices."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._text = ""
        self._due = 0.0

    def text(self) -> str:
        """The figures as they were at most some seconds ago. Raises LedgerUnavailable."""
        if time.monotonic() >= self._due:
            lines = notice_lines(notice_counts(self._reader))
            self._text = "".join(f"{line}\n" for line in lines)
            self._due = time.monotonic() + _FRESH_SECONDS
        return self._text


def notice_lines(counts: NoticeCounts) -> Iterator[str]:
    """All samples; there from the start, with 0."""
    yield header(catalogue.NOTICES)
    for result, number in (
        ("delivered", counts.delivered),
        ("failed", counts.failed),
        ("given_up", counts.given_up),
    ):
        yield sample(catalogue.NOTICES.name, labels(catalogue.NOTICES.labels, (result,)), number)
    yield header(catalogue.NOTICES_WAITING)
    yield sample(catalogue.NOTICES_WAITING.name, "", counts.waiting)
