"""All budgets at one moment, and quickly which of them a call counts under."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.scope import (
    EVERY_VALUE,
    TAG_PREFIX,
    USER,
    is_of_call,
    key_within,
    scope_key,
    tag_text,
)
from ledger.domain.calls import Call
from ledger.domain.dimensions import Series

_MOST_REMEMBERED = 200_000


class SeriesBuckets(NamedTuple):
    """What calls of one series count under."""

    buckets: tuple[Bucket, ...]
    """Those of every call."""
    by_call: tuple[CallScope, ...]
    """Budgets that look at a call's user or tags."""


class CallScope:
    """What a budget asks of each call, when its series is the right one already."""

    def __init__(self, budget: Budget, series_values: Mapping[str, str]) -> None:
        self._budget_id = budget.budget_id
        asked = [(name, wanted) for name, wanted in budget.scope.items() if is_of_call(name)]
        self._wanted = [(name, wanted) for name, wanted in asked if wanted != EVERY_VALUE]
        # A value of the series, or the dimension of the call that tells it.
        self._stars = [
            (series_values.get(name), name) for name in budget.starred
        ]  # fmt: skip

    def bucket(self, call: Call) -> Bucket | None:
        """Under which account the call counts; None when it does not count."""
        for name, wanted in self._wanted:
            if _told(call, name) != wanted:
                return None
        key = []
        for known, name in self._stars:
            value = _told(call, name) if known is None else known
            if not value:
                return None
            key.append(value)
        return Bucket(self._budget_id, scope_key(key))


class KnownBudgets:
    """Budgets that hold, as of one version of them; truthy when there are any."""

    def __init__(self, budgets: Iterable[Budget] = (), version: int = 0) -> None:
        self.version = version
        self.by_id: dict[UUID, Budget] = {budget.budget_id: budget for budget in budgets}
        self._of_tenant: defaultdict[str, list[Budget]] = defaultdict(list)
        for budget in self.by_id.values():
            self._of_tenant[budget.scope.get("tenant", EVERY_VALUE)].append(budget)
        self._series: dict[tuple[str, Series], SeriesBuckets] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.by_id)

    def buckets_within(self, values: Mapping[str, str]) -> list[Bucket]:
        """The accounts, in order, under which whatever has these values by dimension counts."""
        found = []
        for budget in self._candidates(values.get("tenant", "")):
            key = key_within(budget.scope, values)
            if key is not None:
                found.append(Bucket(budget.budget_id, key))
        return sorted(found)

    def buckets_of_series(self, tenant: str, series: Series) -> SeriesBuckets:
        """What calls of a tenant's series count under; remembered."""
        found = self._series.get((tenant, series))
        if found is None:
            if len(self._series) >= _MOST_REMEMBERED:
                self._series = {}
            found = self._series[tenant, series] = self._find(tenant, series)
        return found

    def buckets_of(self, call: Call) -> list[Bucket]:
        """The accounts under which a call counts."""
        always, by_call = self.buckets_of_series(call.tenant, call.series)
        asked = (scope.bucket(call) for scope in by_call)
        return [*always, *(bucket for bucket in asked if bucket is not None)]

    def _find(self, tenant: str, series: Series) -> SeriesBuckets:
        values = {"tenant": tenant, **series._asdict()}
        always, by_call = [], []
        for budget in self._candidates(tenant):
            of_series = {n: v for n, v in budget.scope.items() if not is_of_call(n)}
            key = key_within(of_series, values)
            if key is None:
                continue
            if len(of_series) == len(budget.scope):
                always.append(Bucket(budget.budget_id, key))
            else:
                by_call.append(CallScope(budget, values))
        return SeriesBuckets(tuple(always), tuple(by_call))

    def _candidates(self, tenant: str) -> list[Budget]:
        of_all = self._of_tenant.get(EVERY_VALUE, [])
        return [*self._of_tenant.get(tenant, []), *of_all]


def _told(call: Call, name: str) -> str:
    if name == USER:
        return call.user or ""
    return tag_text((call.tags or {}).get(name.removeprefix(TAG_PREFIX)))
