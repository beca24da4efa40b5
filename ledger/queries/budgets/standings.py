"""How accounts of budgets stand: what was spent in their periods, what is held, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Text, Uuid

from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.limits import carried_periods, limit_of
from ledger.domain.budgets.periods import Period, period_of
from ledger.domain.budgets.scope import ScopeKey
from ledger.domain.budgets.standing import Held, Spent, Standing, standing

Account = tuple[Budget, ScopeKey]

_ARRAYS = (
    bindparam("budgets", type_=ARRAY(Uuid)),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("starts", type_=ARRAY(DateTime(timezone=True))),
    bindparam("ends", type_=ARRAY(DateTime(timezone=True))),
)

_SPENT = text("""
    SELECT coalesce(sum(spent_pico_usd), 0), coalesce(sum(tokens), 0), coalesce(sum(calls), 0),
        coalesce(sum(unpriced_calls), 0), coalesce(sum(provisional_pico_usd), 0),
        coalesce(sum(provisional_tokens), 0)
    FROM unnest(:budgets, :keys, :starts, :ends) WITH ORDINALITY
        AS wanted (budget_id, scope_key, from_start, to_end, place)
    LEFT JOIN budget_sums AS sums ON sums.budget_id = wanted.budget_id
        AND sums.scope_key = wanted.scope_key
        AND sums.starts_at >= from_start AND sums.starts_at < to_end
    GROUP BY place ORDER BY place
""").bindparams(*_ARRAYS)

_HELD = text("""
    SELECT coalesce(held_pico_usd, 0), coalesce(held_tokens, 0)
    FROM unnest(:budgets, :keys) WITH ORDINALITY AS wanted (budget_id, scope_key, place)
    LEFT JOIN budget_states USING (budget_id, scope_key)
    ORDER BY place
""").bindparams(*_ARRAYS[:2])


def spent_within(connection: Connection, wanted: Sequence[tuple[Bucket, Period]]) -> list[Spent]:
    """What was spent in each of these accounts within each of these times."""
    if not wanted:
        return []
    parameters = {
        "budgets": [bucket.budget_id for bucket, _ in wanted],
        "keys": [bucket.scope_key for bucket, _ in wanted],
        "starts": [period.start for _, period in wanted],
        "ends": [period.end for _, period in wanted],
    }
    rows = connection.execute(_SPENT, parameters)
    return [Spent(*(int(value) for value in row)) for row in rows]


def held_now(connection: Connection, wanted: Sequence[Bucket]) -> list[Held]:
    """What reservations hold in each of these accounts."""
    if not wanted:
        return []
    parameters = {
        "budgets": [bucket.budget_id for bucket in wanted],
        "keys": [bucket.scope_key for bucket in wanted],
    }
    return [Held(*(int(value) for value in row)) for row in connection.execute(_HELD, parameters)]


def standings(connection: Connection, accounts: Sequence[Account], at: datetime) -> list[Standing]:
    """How each account stands in the period that a moment is in, in the accounts' order.

    Whoever decides by it holds the locks of the accounts' states before it is called.
    """
    periods = [period_of(budget, at) for budget, _ in accounts]
    return standings_in(connection, list(zip(accounts, periods, strict=True)), at)


def history(
    connection: Connection, account: Account, periods: Sequence[Period], at: datetime
) -> list[Standing]:
    """How an account stood in each of these periods, as it is known now."""
    return standings_in(connection, [(account, period) for period in periods], at)


def standings_in(
    connection: Connection, wanted: Sequence[tuple[Account, Period]], at: datetime
) -> list[Standing]:
    """How accounts stood in the periods named, in this order, as it is known now."""
    earlier = [carried_periods(budget, period) for (budget, _), period in wanted]
    asked = [
        (Bucket(budget.budget_id, key), one)
        for ((budget, key), period), before in zip(wanted, earlier, strict=True)
        for one in (*before, period)
    ]
    spent = iter(spent_within(connection, asked))
    held = held_now(connection, [Bucket(budget.budget_id, key) for (budget, key), _ in wanted])
    found = []
    for ((budget, key), period), before, holds in zip(wanted, earlier, held, strict=True):
        used = list(_used(budget, [next(spent) for _ in before]))
        found.append(
            standing(
                budget,
                key,
                period=period,
                limit=limit_of(budget, period, before, used),
                spent=next(spent),
                held=holds if period.start <= at < period.end else Held(),
                at=at,
            )
        )
    return found


def _used(budget: Budget, spent: Iterable[Spent]) -> Iterable[int]:
    for one in spent:
        yield budget.unit_of(
            one.pico_usd + one.provisional_pico_usd, one.tokens + one.provisional_tokens
        )
