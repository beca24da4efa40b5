"""Holding sums by the day against those by the quarter-hour."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from ledger.storage.self_check import Off

_DAY = text("""
    WITH sums AS (
        SELECT budget_id, scope_key,
            sum(spent_pico_usd + provisional_pico_usd) AS pico_usd,
            sum(sums.tokens + provisional_tokens) AS tokens
        FROM budgets JOIN budget_sums AS sums USING (budget_id)
        WHERE ended_at IS NULL AND starts_at >= CAST(:day AS date)::timestamptz
            AND starts_at < (CAST(:day AS date) + 1)::timestamptz
        GROUP BY budget_id, scope_key
    ), days AS (
        SELECT budget_id, scope_key, used_pico_usd, used_tokens
        FROM budgets JOIN budget_days USING (budget_id)
        WHERE ended_at IS NULL AND day = :day
    )
    SELECT coalesce(sum(abs(coalesce(used_pico_usd, 0) - coalesce(pico_usd, 0))), 0),
        count(*) FILTER (WHERE coalesce(used_pico_usd, 0) <> coalesce(pico_usd, 0)
            OR coalesce(used_tokens, 0) <> coalesce(tokens, 0))
    FROM sums FULL JOIN days USING (budget_id, scope_key)
""")


def days_off(connection: Connection, day: date) -> Off:
    """By how much the sums of a UTC day are off its quarter-hours, and how many accounts are.

    It is one statement, so it sees one moment.
    """
    pico_usd, number = connection.execute(_DAY, {"day": day}).one()
    return Off(int(pico_usd), number)
