"""Ledgers with budgets to reserve from."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg

_BUDGET = """
    INSERT INTO budgets (budget_id, tenant, name, scope, amount_pico_usd, period, time_zone,
        action, thresholds, fail, unpriceable, created_at, created_by, filled_at)
    VALUES (%s, %s, 'monthly', jsonb_build_object('tenant', %s::text), %s, 'month', 'UTC', 'block',
        '{1}', 'closed', 'admit', %s, 'benchmark', %s)
"""
_CHANGED = """
    INSERT INTO configuration_versions AS known (subject, version) VALUES ('budgets', 1)
    ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
"""
_HISTORY = """
    INSERT INTO budget_sums (budget_id, scope_key, starts_at, spent_pico_usd, tokens, calls)
    SELECT budget_id, '[]', starts_at, 1000000, 1, 1
    FROM budgets, generate_series(date_trunc('month', now()),
        date_trunc('hour', now()) - interval '15 minutes', '15 minutes') AS starts_at
"""
_HISTORY_BY_DAY = """
    INSERT INTO budget_days (budget_id, scope_key, day, used_pico_usd, used_tokens)
    SELECT budget_id, scope_key, (starts_at AT TIME ZONE 'UTC')::date, sum(spent_pico_usd),
        sum(tokens)
    FROM budget_sums GROUP BY 1, 2, 3
"""
_PLENTY_PICO_USD = 10**21


def tenant(number: int) -> str:
    """Name of a tenant that has a budget."""
    return f"tenant-{number:04d}"


def set_budgets(url: str, number: int, *, with_history: bool = False) -> None:
    """Give each of so many tenants a monthly budget that is never used up.

    With history, each has spent something in every quarter-hour of the month so far.
    """
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        with connection.cursor() as cursor:
            cursor.executemany(
                _BUDGET,
                [
                    (uuid4(), tenant(one), tenant(one), _PLENTY_PICO_USD, now, now)
                    for one in range(number)
                ],
            )
        connection.execute(_CHANGED)
        if with_history:
            connection.execute(_HISTORY)
            connection.execute(_HISTORY_BY_DAY)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE budgets, budget_sums, budget_days")
