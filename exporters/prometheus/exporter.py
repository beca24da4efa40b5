"""/metrics: the ledger's running totals as Prometheus sees them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from exporters.prometheus import catalogue
from exporters.prometheus.catalogue import Metric
from exporters.prometheus.exposition import header, histogram, labels, sample
from exporters.prometheus.ingest import ingest_families
from exporters.prometheus.label_sets import Admissions, LabelSet
from exporters.prometheus.waiting import SpoolReading, waiting_lines
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.reader import Reader
from ledger.queries.totals import ingest_counts, ledger_drift_pico_usd, totals_by_series
from ledger.storage.database import Database

_COUNT_MASK = (1 << 48) - 1
_SCRAPER = Principal("metrics", EVERY_TENANT)


class MetricsExporter:
    """Renders /metrics from the ledger, anew whenever something came in."""

    def __init__(
        self,
        database: Database,
        *,
        version: str,
        max_samples: int,
        waiting: Callable[[], SpoolReading] | None = None,
    ) -> None:
        self._waiting = waiting
        self._reader = Reader(database, _SCRAPER)
        self._admissions = Admissions(database, max_samples)
        self._version = version
        self._rendering = threading.Lock()
        self._rendered = ""
        self._rendered_for: list[tuple[str, str, int]] | None = None
        self._rendered_drift = ""

    def render(self) -> str:
        """The exposition in text format.

        While Postgres is away it is what waits in the spool, and nothing else: counters of an
        earlier moment could fall below what another process has shown. Raises LedgerUnavailable
        where there is no spool.
        """
        try:
            ledger, receivers = self._ledger_text()
        except LedgerUnavailable:
            if self._waiting is None:
                raise
            ledger, receivers = "", set()
        return ledger + self._waiting_text(receivers)

    def _waiting_text(self, receivers: set[str]) -> str:
        if self._waiting is None:
            return ""
        return "\n".join(waiting_lines(self._waiting(), receivers)) + "\n"

    def _ledger_text(self) -> tuple[str, set[str]]:
        """What is booked, and the receivers it came through. Raises LedgerUnavailable.

        Drawn anew whenever anything came in since: an older drawing of one process after a newer
        one of another would look like a counter that fell.
        """
        with self._rendering:
            counts = ingest_counts(self._reader)
            drift = usd_text(ledger_drift_pico_usd(self._reader))
            if counts != self._rendered_for or drift != self._rendered_drift:
                self._rendered = "\n".join(self._lines(counts, drift)) + "\n"
                self._rendered_for, self._rendered_drift = counts, drift
            return self._rendered, {receiver for receiver, _, _ in counts}

    def _lines(self, counts: list[tuple[str, str, int]], drift: str) -> Iterator[str]:
        rows = totals_by_series(self._reader)
        groups = _grouped(rows, self._admissions.admit(_label_set(row) for row in rows))
        yield from _call_families(groups)
        yield from _credited_tokens(rows)
        yield from ingest_families(counts)
        yield header(catalogue.DRIFT)
        yield sample(catalogue.DRIFT.name, "", drift)
        yield header(catalogue.BUILD_INFO)
        version = labels(catalogue.BUILD_INFO.labels, (self._version,))
        yield sample(catalogue.BUILD_INFO.name, version, 1)


class _Group:
    """Everything booked under one shown label set."""

    def __init__(self) -> None:
        self.cost_pico_usd = Decimal(0)
        self.credits_pico_usd = Decimal(0)
        self.credited_calls = 0
        self.unpriced = 0
        self.calls: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.duration: Counter[int] = Counter()
        self.duration_microseconds = 0
        self.first_token: Counter[int] = Counter()
        self.first_token_microseconds = 0

    def add(self, row: Any) -> None:
        self.cost_pico_usd += row.cost_pico_usd
        self.credits_pico_usd += row.credited_cost_pico_usd
        self.credited_calls += row.credited_calls
        self.unpriced += row.unpriced_calls - row.credited_unpriced_calls
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


_SINGLE_VALUES: tuple[tuple[Metric, Callable[[_Group], str | int]], ...] = (
    (catalogue.COST, lambda group: usd_text(group.cost_pico_usd)),
    (catalogue.CREDITS, lambda group: usd_text(group.credits_pico_usd)),
    (catalogue.CREDITED_CALLS, lambda group: group.credited_calls),
    (catalogue.UNPRICED, lambda group: group.unpriced),
)


def _call_families(groups: dict[str, _Group]) -> Iterator[str]:
    for metric, value in _SINGLE_VALUES:
        yield header(metric)
        yield from (sample(metric.name, text, value(group)) for text, group in groups.items())
    yield header(catalogue.TOKENS)
    for text, group in groups.items():
        for token_type, tokens in group.tokens.items():
            yield sample(catalogue.TOKENS.name, f'{text},token_type="{token_type}"', tokens)
    yield header(catalogue.CALLS)
    for text, group in groups.items():
        for status, calls in group.calls.items():
            yield sample(catalogue.CALLS.name, f'{text},status="{status}"', calls)
    yield from _histograms(catalogue.DURATION, groups, "duration")
    yield from _histograms(catalogue.TIME_TO_FIRST_TOKEN, groups, "first_token")


def _credited_tokens(rows: Sequence[Any]) -> Iterator[str]:
    yield header(catalogue.CREDITED_TOKENS)
    for name in TOKEN_FIELDS:
        text = labels(catalogue.CREDITED_TOKENS.labels, (name.removesuffix("_tokens"),))
        credited = sum(getattr(row, f"credited_{name}") for row in rows)
        yield sample(catalogue.CREDITED_TOKENS.name, text, int(credited))


def _histograms(metric: Metric, groups: dict[str, _Group], name: str) -> Iterator[str]:
    yield header(metric)
    for text, group in groups.items():
        counts = getattr(group, name)
        if counts:
            yield from histogram(metric.name, text, counts, getattr(group, f"{name}_microseconds"))
