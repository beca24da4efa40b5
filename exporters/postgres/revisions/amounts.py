"""What re-pricing changes in rollups, running totals and credits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from exporters.postgres.revisions.changes import Change
from exporters.postgres.rows import Row, microseconds, moment_of
from exporters.postgres.sums import (
    TOTAL_KEY,
    Sums,
    TotalSums,
    add_rows,
    into,
    sum_rows,
)
from ledger.storage.tables import COUNTERS

_UPDATE = """
    UPDATE rollups SET cost_pico_usd = rollups.cost_pico_usd + changed.cost,
        unpriced_calls = rollups.unpriced_calls + changed.unpriced,
        estimated_calls = rollups.estimated_calls + changed.estimated
    FROM unnest(%s::timestamptz[], %s::uuid[], %s::numeric[], %s::bigint[], %s::bigint[])
        AS changed (starts_at, series_id, cost, unpriced, estimated)
    WHERE rollups.tenant = %s AND rollups.starts_at = changed.starts_at
        AND rollups.series_id = changed.series_id
        AND rollups.starts_at BETWEEN %s AND %s
"""

_UNPRICED, _ESTIMATED, _COST = (
    COUNTERS.index(name) for name in ("unpriced_calls", "estimated_calls", "cost_pico_usd")
)

_COUNTED = ((1, "unpriced"), (2, "estimated"))


class Amount(NamedTuple):
    """How much more money, and how many more calls without a price or with an estimate."""

    cost: int
    unpriced: int
    estimated: int


Amounts = dict[tuple[int, bytes], Amount]
"""By start of the grid's interval (microseconds since 2000) and series, of one tenant."""


def amounts_of(changed: Sequence[Change], grid_microseconds: int) -> Amounts:
    """What changes in the rollups of calls; they keep their dimensions."""
    found: defaultdict[tuple[int, bytes], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (call, before, series, _), after in changed:
        started_at = microseconds(call.started_at)
        sums = found[started_at - started_at % grid_microseconds, series]
        sums[0] += (after.pico_usd or 0) - (before.pico_usd or 0)
        if before.status != after.status:
            for place, status in _COUNTED:
                sums[place] += (after.status == status) - (before.status == status)
    return {key: Amount(*sums) for key, sums in found.items() if any(sums)}


def add_amounts(connection: psycopg.Connection[Any], tenant: str, amounts: Amounts) -> list[Row]:
    """Add what re-pricing changes; returns what rollups gained.

    Running totals only grow, so what became cheaper goes to the credits.
    """
    if not amounts:
        return []
    _add_to_rollups(connection, tenant, amounts)
    by_series: TotalSums = {}
    for (_, series), amount in amounts.items():
        into(by_series, (tenant, series), _sums(amount))
    gained, credited = {}, {}
    for key, sums in by_series.items():
        gained[key], credited[key] = sums.parts()
    add_rows(connection, "totals", TOTAL_KEY, sum_rows(gained))
    add_rows(connection, "credits", TOTAL_KEY, sum_rows(credited))
    return [
        (tenant, starts_at, series, *_sums(amount).counters)
        for (starts_at, series), amount in amounts.items()
    ]


def _add_to_rollups(
    connection: psycopg.Connection[Any], tenant: str, amounts: Mapping[tuple[int, bytes], Amount]
) -> None:
    starts = [moment_of(starts_at) for starts_at, _ in amounts]
    series = [UUID(bytes=one) for _, one in amounts]
    cost, unpriced, estimated = (list(column) for column in zip(*amounts.values(), strict=True))
    updated = connection.execute(
        _UPDATE, (starts, series, cost, unpriced, estimated, tenant, min(starts), max(starts))
    ).rowcount
    if updated != len(amounts):
        raise RuntimeError(f"{len(amounts)} rollups were to change, but {updated} are there")


def _sums(amount: Amount) -> Sums:
    counters = [0] * len(COUNTERS)
    counters[_COST], counters[_UNPRICED], counters[_ESTIMATED] = amount
    return Sums(counters, (Counter(), Counter()))
