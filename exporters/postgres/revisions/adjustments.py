"""Adjustments: what changes of closed months, added up where it is booked.

The statement of a closed month stays as it is. Whatever is booked of its usage later is kept here
under the month in which it was booked, in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg

from exporters.postgres.rows import Row, microseconds
from ledger.domain.revisions.months import booking_month, may_be_closed_before
from ledger.storage.tables import COUNTERS

_FIGURES = ("calls", "unpriced_calls", "estimated_calls", "cost_pico_usd")
_FIRST = 3 + COUNTERS.index(_FIGURES[0])
_IN_ROW = slice(_FIRST, _FIRST + len(_FIGURES))
"""Where the figures stand in a row of rollups, after tenant, start and series."""

_CLOSED = """
    SELECT tenant, month, time_zone, starts_at, ends_at FROM closed_months
    WHERE tenant = ANY(%s) ORDER BY tenant, month
"""
_ADD = """
    INSERT INTO month_adjustments AS known
        (tenant, booked_in, month, calls, unpriced_calls, estimated_calls, cost_pico_usd)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenant, booked_in, month) DO UPDATE
    SET calls = known.calls + excluded.calls,
        unpriced_calls = known.unpriced_calls + excluded.unpriced_calls,
        estimated_calls = known.estimated_calls + excluded.estimated_calls,
        cost_pico_usd = known.cost_pico_usd + excluded.cost_pico_usd
"""


class _Closed(NamedTuple):
    month: date
    time_zone: str
    starts_at: int
    ends_at: int


def keep_adjustments(
    connection: psycopg.Connection[Any], rollup_rows: Iterable[Row], now: datetime
) -> None:
    """Keep what these additions to rollups change of closed months.

    Call it in the lane with all that a transaction adds to rollups; `now` is when the turn came.
    Months are closed in the lane, too, so none is closed in between.
    """
    bound = microseconds(may_be_closed_before(now))
    late = [row for row in rollup_rows if row[1] < bound]
    if not late:
        return
    closed = _closed_months(connection, sorted({row[0] for row in late}))
    sums = _by_month(late, closed)
    for (tenant, month), figures in sorted(sums.items()):
        if any(figures):
            months = closed[tenant]
            booked_in = booking_month(now, months[-1].time_zone, {one.month for one in months})
            connection.execute(_ADD, (tenant, booked_in, month, *figures))


def _closed_months(
    connection: psycopg.Connection[Any], tenants: Sequence[str]
) -> dict[str, list[_Closed]]:
    closed: defaultdict[str, list[_Closed]] = defaultdict(list)
    for tenant, month, zone, starts_at, ends_at in connection.execute(_CLOSED, (tenants,)):
        bounds = microseconds(starts_at), microseconds(ends_at)
        closed[tenant].append(_Closed(month, zone, *bounds))
    return closed


def _by_month(
    rows: Iterable[Row], closed: dict[str, list[_Closed]]
) -> dict[tuple[str, date], list[int]]:
    sums: defaultdict[tuple[str, date], list[int]] = defaultdict(lambda: [0] * len(_FIGURES))
    for row in rows:
        for one in closed.get(row[0], ()):
            if one.starts_at <= row[1] < one.ends_at:
                kept = sums[row[0], one.month]
                sums[row[0], one.month] = [
                    mine + theirs for mine, theirs in zip(kept, row[_IN_ROW], strict=True)
                ]
    return sums
