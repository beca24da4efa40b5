"""How budgets stand, as gauges: drawn from the ledger every few seconds, apart from the rest.

They change with time alone: periods begin and end, and forecasts move, when nothing is booked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from exporters.prometheus import catalogue
from exporters.prometheus.catalogue import Metric
from exporters.prometheus.exposition import header, labels, sample
from ledger.domain.budgets.limits import used_ratio
from ledger.domain.budgets.scope import values_of_key
from ledger.domain.budgets.standing import Standing
from ledger.domain.money import usd_text
from ledger.queries.budgets.gauges import Gauge, budget_gauges
from ledger.queries.reader import Reader

_MOST_ACCOUNTS = 2000
"""Shown by name; five lines each."""
_MOST_VALUES = 50
"""Of each budget."""
_FRESH_SECONDS = 5.0
_REST = 9
"""Drawing takes at most a tenth of the time, however many budgets there are."""
OTHER = "other"

_IN_USD: tuple[tuple[Metric, Callable[[Standing], int]], ...] = (
    (catalogue.BUDGET_LIMIT, lambda one: one.limit),
    (catalogue.BUDGET_SPENT, lambda one: one.used),
    (catalogue.BUDGET_RESERVED, lambda one: one.held),
    (catalogue.BUDGET_FORECAST, lambda one: one.forecast),
)


class BudgetGauges:
    """Draws the gauges of all budgets."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._text = ""
        self._due = 0.0

    def text(self) -> str:
        """The gauges as they were at most some seconds ago. Raises LedgerUnavailable."""
        began = time.monotonic()
        if began >= self._due:
            with self._reader.connection() as connection:
                gauges = budget_gauges(connection, datetime.now(UTC), most_values=_MOST_VALUES)
            self._text = "".join(f"{line}\n" for line in budget_lines(gauges))
            ended = time.monotonic()
            self._due = ended + max(_FRESH_SECONDS, _REST * (ended - began))
        return self._text


def budget_lines(gauges: Sequence[Gauge], most_accounts: int = _MOST_ACCOUNTS) -> Iterator[str]:
    """All samples. Beyond the bound, those that used least of their limit become one, exactly."""
    ordered = sorted(gauges, key=lambda one: (one.is_rest, -one.standing.used_ratio))
    named, rest = ordered[:most_accounts], ordered[most_accounts:]
    shown = sorted(((_labels(one), one.standing) for one in named), key=lambda pair: pair[0])
    by_labels = [
        (text, [one for _, one in group])
        for text, group in groupby(shown, key=lambda pair: pair[0])
    ]
    if rest:
        text = labels(catalogue.BUDGET_LABELS, (OTHER, OTHER, OTHER))
        by_labels.append((text, [one.standing for one in rest]))
    for metric, figure in _IN_USD:
        yield header(metric)
        for text, ones in by_labels:
            in_usd = [figure(one) for one in ones if not one.budget.is_in_tokens]
            if in_usd:
                yield sample(metric.name, text, usd_text(sum(in_usd)))
    yield header(catalogue.BUDGET_RATIO)
    for text, ones in by_labels:
        yield sample(catalogue.BUDGET_RATIO.name, text, _ratio(ones))


def _ratio(ones: Sequence[Standing]) -> str:
    """Of several accounts the share that the fullest has used."""
    return format(max(used_ratio(one.used, one.limit) for one in ones).normalize(), "f")


def _labels(gauge: Gauge) -> str:
    one = gauge.standing
    value = OTHER if gauge.is_rest else ", ".join(values_of_key(one.scope_key))
    return labels(catalogue.BUDGET_LABELS, (one.budget.tenant, one.budget.name, value))
