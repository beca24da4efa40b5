"""How accounts of budgets stand, read after they were locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.commands.reservations.locking import Driver, written
from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.limits import carried_periods, limit_of
from ledger.domain.budgets.periods import Period, period_of
from ledger.domain.reservations.standing import Standing
from ledger.storage.budgets.arrays import columns

# Whole days, and what lies before the first and after the last of them by the quarter-hour.
_SPENT = """
    SELECT coalesce(by_days.pico_usd, 0) + coalesce(before.pico_usd, 0)
            + coalesce(after.pico_usd, 0),
        coalesce(by_days.tokens, 0) + coalesce(before.tokens, 0) + coalesce(after.tokens, 0)
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::date[], %s::date[],
        %s::timestamptz[]) WITH ORDINALITY
        AS wanted (budget_id, scope_key, begins_at, first_day, end_day, ends_at, place)
    LEFT JOIN LATERAL (
        SELECT sum(used_pico_usd) AS pico_usd, sum(used_tokens)::bigint AS tokens
        FROM budget_days AS days
        WHERE days.budget_id = wanted.budget_id AND days.scope_key = wanted.scope_key
            AND days.day >= first_day AND days.day < end_day
    ) AS by_days ON true
    LEFT JOIN LATERAL (
        SELECT sum(spent_pico_usd + provisional_pico_usd) AS pico_usd,
            sum(tokens + provisional_tokens)::bigint AS tokens
        FROM budget_sums AS sums
        WHERE sums.budget_id = wanted.budget_id AND sums.scope_key = wanted.scope_key
            AND starts_at >= begins_at AND starts_at < least(first_day::timestamptz, ends_at)
    ) AS before ON true
    LEFT JOIN LATERAL (
        SELECT sum(spent_pico_usd + provisional_pico_usd) AS pico_usd,
            sum(tokens + provisional_tokens)::bigint AS tokens
        FROM budget_sums AS sums
        WHERE sums.budget_id = wanted.budget_id AND sums.scope_key = wanted.scope_key
            AND starts_at >= end_day::timestamptz AND starts_at < ends_at
    ) AS after ON true
    ORDER BY place
"""
_HELD = """
    SELECT held_pico_usd, held_tokens
    FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS wanted (budget_id, scope_key, place)
    JOIN budget_states USING (budget_id, scope_key) ORDER BY place
"""
_EXPIRIES = """
    SELECT budget_id, scope_key, min(expires_at) FILTER (WHERE expires_at > %(now)s),
        array_agg(reservation_id) FILTER (WHERE expires_at <= %(now)s)
    FROM (
        SELECT reservation_id, expires_at FROM reservations
        WHERE state = 'held' ORDER BY expires_at LIMIT %(most)s
    ) AS soonest
    JOIN reservation_holds USING (reservation_id)
    JOIN unnest(%(ids)s::uuid[], %(keys)s::text[]) AS wanted (budget_id, scope_key)
        USING (budget_id, scope_key)
    GROUP BY budget_id, scope_key
"""
_ALMOST_A_DAY = timedelta(days=1, microseconds=-1)
_MOST_EXPIRIES = 2_000
"""How many of the reservations that expire soonest are looked through for room."""


def standings_of(
    driver: Driver, budgets: Mapping[UUID, Budget], buckets: Iterable[Bucket], now: datetime
) -> dict[Bucket, Standing]:
    """How locked accounts stand."""
    wanted = sorted(buckets)
    periods = [_periods(budgets[bucket.budget_id], now) for bucket in wanted]
    asked = [
        (bucket, period)
        for bucket, of_bucket in zip(wanted, periods, strict=True)
        for period in of_bucket
    ]
    with driver.pipeline():
        sums = driver.execute(
            _SPENT,
            columns([(*_of(bucket), *_bounds(period)) for bucket, period in asked]),
        )
        held = driver.execute(_HELD, written(wanted))
        spent = iter(sums.fetchall())
        rows = held.fetchall()
    return {
        bucket: _standing(budgets[bucket.budget_id], bucket, of_bucket, spent, row)
        for bucket, of_bucket, row in zip(wanted, periods, rows, strict=True)
    }


def look_for_expiries(driver: Driver, tight: Iterable[Standing], now: datetime) -> set[UUID]:
    """Note when the next holds of these accounts end; returns those whose time is up."""
    by_bucket = {standing.bucket: standing for standing in tight}
    ids, keys = written(by_bucket)
    parameters = {"now": now, "most": _MOST_EXPIRIES, "ids": ids, "keys": keys}
    due: set[UUID] = set()
    for budget_id, scope_key, next_expiry, expired in driver.execute(_EXPIRIES, parameters):
        by_bucket[Bucket(budget_id, scope_key)].next_expiry = next_expiry
        due.update(expired or ())
    return due


def _of(bucket: Bucket) -> tuple[UUID, str]:
    return bucket.budget_id, bucket.scope_key


def _bounds(period: Period) -> tuple[datetime, date, date, datetime]:
    """A period's start and end, and between them the first of its whole days and the day after.

    In one that holds no whole day both days are the same, at its start or at its end.
    """
    first = (period.start + _ALMOST_A_DAY).date()
    return period.start, first, max(first, period.end.date()), period.end


def _periods(budget: Budget, now: datetime) -> list[Period]:
    """Those that are carried into the one at hand, and last that one."""
    period = period_of(budget, now)
    return [*carried_periods(budget, period), period]


def _standing(
    budget: Budget, bucket: Bucket, periods: list[Period], sums: Any, held: Any
) -> Standing:
    spent = [budget.unit_of(int(pico_usd), tokens) for pico_usd, tokens in _take(sums, periods)]
    return Standing(
        budget=budget,
        bucket=bucket,
        period=periods[-1],
        limit=limit_of(budget, periods[-1], periods[:-1], spent[:-1]),
        spent=spent[-1],
        held=budget.unit_of(int(held[0]), held[1]),
    )


def _take(rows: Any, periods: list[Period]) -> list[Any]:
    return [next(rows) for _ in periods]
