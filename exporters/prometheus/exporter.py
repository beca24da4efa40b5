"""/metrics: the ledger's running totals as Prometheus sees them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from exporters.prometheus import catalogue
from exporters.prometheus.budgets import BudgetGauges
from exporters.prometheus.catalogue import Metric
from exporters.prometheus.commits import commit_families
from exporters.prometheus.exposition import header, histogram, labels, sample
from exporters.prometheus.ingest import ingest_families
from exporters.prometheus.label_sets import Admissions, LabelSet
from exporters.prometheus.notices import NoticeFigures
from exporters.prometheus.refreshes import refresh_families
from exporters.prometheus.waiting import (
    QueueReading,
    SpoolReading,
    queue_lines,
    waiting_lines,
)
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.ingest import RECEIVED, CommitCount, Count
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.pricing.catalog import RefreshCount, refresh_counts
from ledger.queries.reader import Reader
from ledger.queries.totals import books_off, commit_counts, ingest_counts, totals_by_series
from ledger.storage.database import Database

_COUNT_MASK = (1 << 48) - 1
_SCRAPER = Principal("metrics", EVERY_TENANT)


class _State(NamedTuple):
    """What changes with every booking and every self-check."""

    counts: list[Count]
    commits: list[CommitCount]
    refreshes: list[RefreshCount]
    drift_pico_usd: int
    records_off: int


class MetricsExporter:
    """Renders /metrics from the ledger, anew whenever something came in."""

    def __init__(
        self,
        database: Database,
        *,
        version: str,
        max_samples: int,
        waiting: Callable[[], SpoolReading] | None = None,
        queues: Callable[[], QueueReading] | None = None,
    ) -> None:
        self._waiting = waiting
        self._queues = queues
        self._reader = Reader(database, _SCRAPER)
        self._budgets = BudgetGauges(self._reader)
        self._notices = NoticeFigures(self._reader)
        self._admissions = Admissions(database, max_samples)
        self._version = version
        self._rendering = threading.Lock()
        self._rendered = ""
        self._rendered_for: _State | None = None

    def render(self) -> str:
        """The exposition in text format.

        While Postgres is away it is what waits on this machine, and nothing else: counters of an
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
        lines: list[str] = []
        if self._queues is not None:
            lines += queue_lines(self._queues())
        if self._waiting is not None:
            lines += waiting_lines(self._waiting(), receivers)
        return "".join(f"{line}\n" for line in lines)

    def _ledger_text(self) -> tuple[str, set[str]]:
        """What is booked, and the receivers it came through. Raises LedgerUnavailable.

        Drawn anew whenever anything came in since: an older drawing of one process after a newer
        one of another would look like a counter that fell.
        """
        with self._rendering:
            state = _State(
                ingest_counts(self._reader),
                commit_counts(self._reader),
                refresh_counts(self._reader),
                *books_off(self._reader),
            )
            if state != self._rendered_for:
                self._rendered = "\n".join(self._lines(state)) + "\n"
                self._rendered_for = state
            # What is counted later, of calls that are joined, came through no receiver.
            receivers = {name for name, result, _ in state.counts if result == RECEIVED}
            return self._rendered + self._budgets.text() + self._notices.text(), receivers

    def _lines(self, state: _State) -> Iterator[str]:
        rows = totals_by_series(self._reader)
        groups = _grouped(rows, self._admissions.admit(_label_set(row) for row in rows))
        yield from _call_families(groups)
        yield from _credited_tokens(rows)
        yield from ingest_families(state.counts)
        yield from commit_families(state.commits)
        yield from refresh_families(state.refreshes)
        yield header(catalogue.UNACCOUNTED)
        yield sample(catalogue.UNACCOUNTED.name, "", state.records_off)
        yield header(catalogue.DRIFT)
        yield sample(catalogue.DRIFT.name, "", usd_text(state.drift_pico_usd))
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
