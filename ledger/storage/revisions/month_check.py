"""Holding closed months against the ledger: what was stated and adjusted is what was used."""

from __future__ import annotations

from sqlalchemy import Connection, text

from ledger.storage.self_check import Off, note

_MONTHS = text("""
    SELECT coalesce(sum(abs(cost)), 0), coalesce(sum(abs(calls)), 0) FROM (
        SELECT closed.cost_pico_usd + adjusted.cost - used.cost AS cost,
            closed.calls + adjusted.calls - used.calls AS calls
        FROM closed_months AS closed
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(cost_pico_usd), 0) AS cost, coalesce(sum(calls), 0) AS calls
            FROM month_adjustments
            WHERE tenant = closed.tenant AND month = closed.month
        ) AS adjusted
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(cost_pico_usd), 0) AS cost, coalesce(sum(calls), 0) AS calls
            FROM rollups
            WHERE tenant = closed.tenant AND starts_at >= closed.starts_at
                AND starts_at < closed.ends_at
        ) AS used
    ) AS differences
""")


def check_months(connection: Connection) -> Off:
    """By how much closed months with their adjustments are off the rollups; noted."""
    cost, calls = connection.execute(_MONTHS).one()
    return note(connection, "closed months", Off(int(cost), int(calls)))
