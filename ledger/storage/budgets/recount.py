"""What budgets should have counted: their sums, worked out from the entries anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.budgets.scope import EVERY_VALUE, TAG_PREFIX, USER, is_of_call, tag_text
from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.budgets.sums import Figures, SumKey

_MOST_REMEMBERED = 100_000
_AT_ONCE = 5000


def recounted(
    connection: Connection, budgets: Sequence[Budget], start: datetime, end: datetime
) -> Iterator[tuple[SumKey, Figures]]:
    """What calls that started from `start` to before `end` add to budgets.

    The same key may come several times. Both bounds stand on quarter-hours.
    """
    known = KnownBudgets(budgets)
    asked = sorted({name for one in budgets for name in one.scope if is_of_call(name)})
    parameters: dict[str, Any] = {"start": start, "end": end, "tenants": _tenants(budgets)}
    parameters |= {
        f"tag_{place}": name.removeprefix(TAG_PREFIX)
        for place, name in enumerate(asked)
        if name != USER
    }
    remembered: dict[tuple[str, ...], list[Bucket]] = {}
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(_groups(asked), parameters)
    for row in rows:
        values = _values(row, asked)
        key = tuple(values.values())
        buckets = remembered.get(key)
        if buckets is None:
            if len(remembered) >= _MOST_REMEMBERED:
                remembered = {}
            buckets = remembered[key] = known.buckets_within(values)
        for bucket in buckets:
            yield (
                (bucket.budget_id, bucket.scope_key, row.quarter),
                Figures(int(row.cost), int(row.tokens), int(row.calls), int(row.unpriced)),
            )


def _tenants(budgets: Sequence[Budget]) -> list[str] | None:
    """The only tenants that are of interest; None when all may be."""
    named = {one.scope.get("tenant", EVERY_VALUE) for one in budgets}
    return None if EVERY_VALUE in named else sorted(named)


def _groups(asked: Sequence[str]) -> TextClause:
    told = "".join(
        f", {'user_id' if name == USER else f'tags -> :tag_{place}'} AS told_{place}"
        for place, name in enumerate(asked)
    )
    groups = ", ".join(str(place + 1) for place in range(3 + len(asked)))
    tokens = " + ".join(f"coalesce({name}, 0)" for name in TOKEN_FIELDS)
    return text(f"""
        SELECT sums.*, {", ".join(f"series.{name}" for name in SERIES_DIMENSIONS)}
        FROM (
            SELECT tenant, series_id,
                date_bin('15 minutes', started_at, '2000-01-01 00:00Z') AS quarter{told},
                sum(sign * coalesce(cost_pico_usd, 0)::numeric) AS cost,
                sum(sign * ({tokens})) AS tokens, sum(sign::bigint) AS calls,
                sum(sign * (cost_status = 'unpriced')::integer) AS unpriced
            FROM entries
            WHERE started_at >= :start AND started_at < :end
                AND (CAST(:tenants AS text[]) IS NULL OR tenant = ANY(CAST(:tenants AS text[])))
            GROUP BY {groups}
        ) AS sums
        JOIN series USING (tenant, series_id)
    """)  # noqa: S608 - made of our own names, values are bound


def _values(row: Any, asked: Sequence[str]) -> Mapping[str, str]:
    values = {"tenant": row.tenant}
    values |= {name: getattr(row, name) for name in SERIES_DIMENSIONS}
    for place, name in enumerate(asked):
        told = getattr(row, f"told_{place}")
        values[name] = (told or "") if name == USER else tag_text(told)
    return values
