"""What calls add to the sums of the budgets they count under."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from exporters.postgres.rows import (
    COST,
    COST_STATUS,
    FIRST_TOKENS,
    SERIES,
    STARTED_AT,
    TENANT,
    Row,
    microseconds,
    moment_of,
)
from ledger.domain.budgets.budget import Bucket
from ledger.domain.budgets.known import KnownBudgets, SeriesBuckets
from ledger.domain.calls import Call, Cost
from ledger.domain.usage import TOKEN_FIELDS
from ledger.domain.zones import QUARTER_HOUR_SECONDS
from ledger.storage.budgets.sums import Figures, SumKey

_QUARTER_MICROSECONDS = QUARTER_HOUR_SECONDS * 1_000_000
_LAST_TOKENS = FIRST_TOKENS + len(TOKEN_FIELDS)

_PlaceKey = tuple[UUID, str, int]


class BudgetEntries:
    """Adds up what calls add to sums; a call's quarter-hour is that of its start."""

    def __init__(self, known: KnownBudgets) -> None:
        self._known = known
        self._groups: dict[tuple[str, bytes, int], tuple[SeriesBuckets, list[int]]] = {}
        self._by_call: dict[_PlaceKey, list[int]] = {}

    def add(self, calls: Iterable[tuple[Call, Row]], sign: int = 1) -> None:
        """Add calls with their rows, or take them away."""
        groups = self._groups
        for call, row in calls:
            quarter = row[STARTED_AT] // _QUARTER_MICROSECONDS
            key = (row[TENANT], row[SERIES], quarter)
            group = groups.get(key)
            if group is None:
                found = self._known.buckets_of_series(call.tenant, call.series)
                group = groups[key] = (found, [0, 0, 0, 0])
            (always, by_call), figures = group
            if not (always or by_call):
                continue
            measures = _measures(row, sign)
            _into(figures, measures)
            for scope in by_call:
                bucket = scope.bucket(call)
                if bucket is not None:
                    self._note(bucket, quarter, measures)

    def change(self, call: Call, before: Cost, after: Cost) -> None:
        """Let a call that counts already cost something else."""
        quarter = microseconds(call.started_at) // _QUARTER_MICROSECONDS
        unpriced = (after.pico_usd is None) - (before.pico_usd is None)
        measures = ((after.pico_usd or 0) - (before.pico_usd or 0), 0, 0, unpriced)
        for bucket in self._known.buckets_of(call):
            self._note(bucket, quarter, measures)

    def sums(self) -> dict[SumKey, Figures]:
        """What is to be added to the sums."""
        places = {key: list(figures) for key, figures in self._by_call.items()}
        for (_, _, quarter), ((always, _), figures) in self._groups.items():
            for bucket in always:
                place = (bucket.budget_id, bucket.scope_key, quarter)
                if place in places:
                    _into(places[place], figures)
                else:
                    places[place] = list(figures)
        return {
            (budget_id, scope_key, _start(quarter)): Figures(*figures)
            for (budget_id, scope_key, quarter), figures in places.items()
        }

    def _note(self, bucket: Bucket, quarter: int, measures: Iterable[int]) -> None:
        place = (bucket.budget_id, bucket.scope_key, quarter)
        _into(self._by_call.setdefault(place, [0, 0, 0, 0]), measures)


def _measures(row: Row, sign: int) -> tuple[int, int, int, int]:
    """Cost in pico-dollars, tokens, calls, unpriced calls."""
    tokens = sum(filter(None, row[FIRST_TOKENS:_LAST_TOKENS]))
    unpriced = row[COST_STATUS] == "unpriced"
    return (sign * (row[COST] or 0), sign * tokens, sign, sign * unpriced)


def _into(figures: list[int], added: Iterable[int]) -> None:
    for place, value in enumerate(added):
        figures[place] += value


@lru_cache(maxsize=4096)
def _start(quarter: int) -> datetime:
    return moment_of(quarter * _QUARTER_MICROSECONDS)
