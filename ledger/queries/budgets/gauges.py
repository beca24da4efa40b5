"""Budgets at a glance: how all that hold stand now, at most so many values of each by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean, DateTime, Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import Period, period_of
from ledger.domain.budgets.scope import NO_STARS, ScopeKey
from ledger.domain.budgets.standing import Held, Spent, Standing, standing
from ledger.queries.budgets.standings import standings
from ledger.storage.budgets.stored import read_budgets
from ledger.storage.budgets.stored import standing as that_stand

_MOMENTS = ARRAY(DateTime(timezone=True))

_BY_USE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(:budgets, :starts, :ends, :in_tokens) WITH ORDINALITY
            AS wanted (budget_id, from_start, to_end, in_tokens, place)
    ),
    counted AS (
        SELECT place, scope_key, spent_pico_usd + provisional_pico_usd AS pico_usd,
            tokens + provisional_tokens AS tokens, 0 AS held_pico_usd, 0 AS held_tokens
        FROM wanted JOIN budget_sums USING (budget_id)
        WHERE starts_at >= from_start AND starts_at < to_end
        UNION ALL
        SELECT place, scope_key, 0, 0, held_pico_usd, held_tokens
        FROM wanted JOIN budget_states USING (budget_id)
    ),
    together AS (
        SELECT place, scope_key, sum(pico_usd) AS pico_usd, sum(tokens) AS tokens,
            sum(held_pico_usd) AS held_pico_usd, sum(held_tokens) AS held_tokens
        FROM counted GROUP BY place, scope_key
    ),
    ranked AS (
        SELECT together.*, row_number() OVER (
            PARTITION BY place
            ORDER BY CASE WHEN in_tokens THEN together.tokens ELSE pico_usd END DESC, scope_key
        ) AS rank
        FROM together JOIN wanted USING (place)
    )
    SELECT place, CASE WHEN rank <= :most THEN scope_key END AS scope_key, count(*) AS accounts,
        sum(pico_usd) AS pico_usd, sum(tokens) AS tokens, sum(held_pico_usd) AS held_pico_usd,
        sum(held_tokens) AS held_tokens
    FROM ranked GROUP BY 1, 2
""").bindparams(
    bindparam("budgets", type_=ARRAY(Uuid)),
    bindparam("starts", type_=_MOMENTS),
    bindparam("ends", type_=_MOMENTS),
    bindparam("in_tokens", type_=ARRAY(Boolean)),
)


class Gauge(msgspec.Struct, frozen=True):
    """One account, or all of a budget's values that are not shown by name."""

    standing: Standing
    is_rest: bool = False


def budget_gauges(connection: Connection, at: datetime, *, most_values: int) -> list[Gauge]:
    """How all budgets stand whose present period is counted whole.

    Of a budget with one account per value, the values that used most are told apart, and the others
    together: their limit is the sum of theirs without what was carried over.
    """
    ready = [
        (budget, period)
        for budget in read_budgets(connection, that_stand())
        if budget.knows_from((period := period_of(budget, at)).start)
    ]
    if not ready:
        return []
    rows = connection.execute(_BY_USE, _parameters(ready, most_values)).all()
    seen = {row.place for row in rows}
    gauges = [_gauge(row, ready[row.place - 1], at) for row in rows]
    gauges += [
        Gauge(_standing(budget, NO_STARS, period, Spent(), Held(), at))
        for place, (budget, period) in enumerate(ready, start=1)
        if place not in seen and not budget.starred
    ]
    return _with_what_was_carried(connection, gauges, at)


def _parameters(ready: Sequence[tuple[Budget, Period]], most_values: int) -> dict[str, Any]:
    return {
        "budgets": [budget.budget_id for budget, _ in ready],
        "starts": [period.start for _, period in ready],
        "ends": [period.end for _, period in ready],
        "in_tokens": [budget.is_in_tokens for budget, _ in ready],
        "most": most_values,
    }


def _gauge(row: Any, of: tuple[Budget, Period], at: datetime) -> Gauge:
    budget, period = of
    spent = Spent(int(row.pico_usd), int(row.tokens))
    held = Held(int(row.held_pico_usd), int(row.held_tokens))
    key = row.scope_key or NO_STARS
    one = _standing(budget, key, period, spent, held, at, accounts=int(row.accounts))
    return Gauge(one, is_rest=row.scope_key is None)


def _standing(
    budget: Budget,
    key: ScopeKey,
    period: Period,
    spent: Spent,
    held: Held,
    at: datetime,
    *,
    accounts: int = 1,
) -> Standing:
    limit = budget.amount * accounts
    return standing(budget, key, period=period, limit=limit, spent=spent, held=held, at=at)


def _with_what_was_carried(
    connection: Connection, gauges: list[Gauge], at: datetime
) -> list[Gauge]:
    carrying = [
        place
        for place, one in enumerate(gauges)
        if one.standing.budget.rollover_cap_pico_usd is not None and not one.is_rest
    ]
    accounts = [
        (gauges[place].standing.budget, gauges[place].standing.scope_key) for place in carrying
    ]
    for place, found in zip(carrying, standings(connection, accounts, at), strict=True):
        gauges[place] = Gauge(found)
    return gauges
