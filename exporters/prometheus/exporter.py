"""/metrics: the ledger's running totals as Prometheus sees them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from exporters.prometheus import catalogue
from exporters.prometheus.catalogue import Metric
from exporters.prometheus.exposition import header, histogram, labels, sample
from exporters.prometheus.label_sets import Admissions, LabelSet
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.reader import Reader
from ledger.queries.refusals import LEFT, dead_letters_now
from ledger.queries.totals import ingest_counts, ledger_drift_pico_usd, totals_by_series
from ledger.storage.database import Database

_COUNT_MASK = (1 << 48) - 1
_SCRAPER = Principal("metrics", EVERY_TENANT)


class MetricsExporter:
    """Renders /metrics from the ledger, anew whenever something came in."""

    def __init__(self, database: Database, *, version: str, max_samples: int) -> None:
        self._reader = Reader(database, _SCRAPER)
        self._admissions = Admissions(database, max_samples)
        self._version = version
        self._rendering = threading.Lock()
        self._rendered = ""
        self._rendered_for: list[tuple[str, str, int]] | None = None
        self._rendered_drift = ""

    def render(self) -> str:
        """The exposition in text format. Raises LedgerUnavailable.

        Drawn anew whenever anything came in since: an older drawing of one process after a newer
        one of another would look like a counter that fell.
        """
        with self._rendering:
            counts = ingest_counts(self._reader)
            drift = usd_text(ledger_drift_pico_usd(self._reader))
            if counts != self._rendered_for or drift != self._rendered_drift:
                self._rendered = "\n".join(self._lines(counts, drift)) + "\n"
                self._rendered_for, self._rendered_drift = counts, drift
            return self._rendered

    def _lines(self, counts: list[tuple[str, str, int]], drift: str) -> Iterator[str]:
        rows = totals_by_series(self._reader)
        groups = _grouped(rows, self._admissions.admit(_label_set(row) for row in rows))
        yield from _call_families(groups)
        yield from _ingest_families(counts)
        yield header(catalogue.DRIFT)
        yield sample(catalogue.DRIFT.name, "", drift)
        yield header(catalogue.BUILD_INFO)
        version = labels(catalogue.BUILD_INFO.labels, (self._version,))
        yield sample(catalogue.BUILD_INFO.name, version, 1)


def _ingest_families(counts: list[tuple[str, str, int]]) -> Iterator[str]:
    for metric in (catalogue.INGEST, catalogue.DEAD_LETTERS_LEFT):
        yield header(metric)
        for receiver, result, records in counts:
            if (result in LEFT) is (metric is catalogue.DEAD_LETTERS_LEFT):
                yield sample(metric.name, labels(metric.labels, (receiver, result)), records)
    yield header(catalogue.DEAD_LETTERS)
    yield sample(catalogue.DEAD_LETTERS.name, "", dead_letters_now(counts))


class _Group:
    """Everything booked under one shown label set."""

    def __init__(self) -> None:
        self.cost_pico_usd = Decimal(0)
        self.unpriced = 0
        self.calls: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.duration: Counter[int] = Counter()
        self.duration_microseconds = 0
        self.first_token: Counter[int] = Counter()
        self.first_token_microseconds = 0

    def add(self, row: Any) -> None:
        self.cost_pico_usd += row.cost_pico_usd
        self.unpriced += row.unpriced_calls
        self.calls[row.status] += row.calls
        for name in TOKEN_FIELDS:
            tokens = getattr(row, name)
            if tokens:
                self.tokens[name.removesuffix("_tokens")] += tokens
        self.duration_microseconds += row.duration_microseconds
        self.first_token_microseconds += row.time_to_first_token_microseconds
        for counts, packed in (
            (self.duration, row.duration_histogram),
            (self.first_token, row.time_to_first_token_histogram),
        ):
            for element in packed or ():
                counts[element >> 48] += element & _COUNT_MASK


def _label_set(row: Any) -> LabelSet:
    return (row.tenant, row.feature, row.provider, row.model, row.operation)


def _grouped(rows: Sequence[Any], shown: dict[LabelSet, LabelSet]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for row in rows:
        text = labels(catalogue.CALL_LABELS, shown[_label_set(row)])
        groups.setdefault(text, _Group()).add(row)
    return groups


def _call_families(groups: dict[str, _Group]) -> Iterator[str]:
    yield header(catalogue.COST)
    for text, group in groups.items():
        yield sample(catalogue.COST.name, text, usd_text(group.cost_pico_usd))
    yield header(catalogue.TOKENS)
    for text, group in groups.items():
        for token_type, tokens in group.tokens.items():
            yield sample(catalogue.TOKENS.name, f'{text},token_type="{token_type}"', tokens)
    yield header(catalogue.CALLS)
    for text, group in groups.items():
        for status, calls in group.calls.items():
            yield sample(catalogue.CALLS.name, f'{text},status="{status}"', calls)
    yield header(catalogue.UNPRICED)
    for text, group in groups.items():
        yield sample(catalogue.UNPRICED.name, text, group.unpriced)
    yield from _histograms(catalogue.DURATION, groups, "duration")
    yield from _histograms(catalogue.TIME_TO_FIRST_TOKEN, groups, "first_token")


def _histograms(metric: Metric, groups: dict[str, _Group], name: str) -> Iterator[str]:
    yield header(metric)
    for text, group in groups.items():
        counts = getattr(group, name)
        if counts:
            yield from histogram(metric.name, text, counts, getattr(group, f"{name}_microseconds"))
