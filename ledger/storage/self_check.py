"""Holding what is counted against what it was counted from; any difference is a fault of ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, text

_DAY = text("""
    SELECT coalesce(sum(abs(difference)), 0) FROM (
        SELECT tenant, series_id, sum(cost) AS difference FROM (
            SELECT tenant, series_id, sign * coalesce(cost_pico_usd, 0)::numeric AS cost
            FROM entries
            WHERE started_at >= :start AND started_at < :end
            UNION ALL
            SELECT tenant, series_id, -cost_pico_usd FROM rollups
            WHERE starts_at >= :start AND starts_at < :end
        ) AS entries
        GROUP BY tenant, series_id
    ) AS differences
""")

_TOTALS = text("""
    SELECT coalesce(sum(abs(difference)), 0) FROM (
        SELECT tenant, series_id, sum(cost) AS difference FROM (
            SELECT tenant, series_id, cost_pico_usd AS cost FROM rollups
            UNION ALL
            SELECT tenant, series_id, -cost_pico_usd FROM totals
            UNION ALL
            SELECT tenant, series_id, cost_pico_usd FROM credits
        ) AS entries
        GROUP BY tenant, series_id
    ) AS differences
""")

_NOTE = text("""
    INSERT INTO self_checks (scope, drift_pico_usd) VALUES (:scope, :drift)
    ON CONFLICT (scope) DO UPDATE SET drift_pico_usd = excluded.drift_pico_usd, checked_at = now()
""")


def check_day(connection: Connection, scope: str, day: date) -> int:
    """By how many pico-dollars the rollups of a UTC day are off its calls; noted under `scope`."""
    start = datetime.combine(day, time(), UTC)
    bounds = {"start": start, "end": start + timedelta(days=1)}
    drift = int(connection.execute(_DAY, bounds).scalar_one())
    connection.execute(_NOTE, {"scope": scope, "drift": drift})
    return drift


def check_totals(connection: Connection) -> int:
    """By how many pico-dollars the running totals are off the rollups; noted."""
    drift = int(connection.execute(_TOTALS).scalar_one())
    connection.execute(_NOTE, {"scope": "totals", "drift": drift})
    return drift
