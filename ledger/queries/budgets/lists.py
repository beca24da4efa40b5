"""Which budgets there are, and which of their values used most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Uuid

from ledger.domain.budgets.budget import OPERATOR, Budget
from ledger.domain.budgets.periods import Period, period_of
from ledger.domain.budgets.scope import ScopeKey
from ledger.domain.budgets.standing import Held, Spent
from ledger.domain.errors import NotFound
from ledger.storage.budgets.stored import all_ever, read_budgets, standing
from ledger.storage.budgets.tables import budgets
from ledger.storage.tables import tenants

BudgetCursor = tuple[str, str, UUID]
"""Tenant, name and id of the last one."""
ValueCursor = tuple[str, ScopeKey]
"""What the last one used, in digits, and its key."""

_ORDER = (budgets.c.tenant, budgets.c.name, budgets.c.budget_id)

_VALUES = """
    SELECT scope_key, sum(used) AS used FROM (
        SELECT scope_key, {unit} AS used FROM budget_sums
        WHERE budget_id = :budget_id AND starts_at >= :start AND starts_at < :end
        UNION ALL
        SELECT scope_key, 0 FROM budget_states WHERE budget_id = :budget_id AND {held} <> 0
    ) AS counted
    GROUP BY scope_key
    HAVING CAST(:after_used AS numeric) IS NULL OR sum(used) < CAST(:after_used AS numeric)
        OR (sum(used) = CAST(:after_used AS numeric) AND scope_key > CAST(:after_key AS text))
    ORDER BY used DESC, scope_key LIMIT :limit
"""
_VALUES_IN_USD = text(
    _VALUES.format(unit="spent_pico_usd + provisional_pico_usd", held="held_pico_usd")
)
_VALUES_IN_TOKENS = text(_VALUES.format(unit="tokens + provisional_tokens", held="held_tokens"))

_TOTALS = text("""
    SELECT wanted.place, coalesce(sum(spent_pico_usd), 0), coalesce(sum(tokens), 0),
        coalesce(sum(calls), 0), coalesce(sum(unpriced_calls), 0),
        coalesce(sum(provisional_pico_usd), 0), coalesce(sum(provisional_tokens), 0),
        count(DISTINCT scope_key)
    FROM unnest(:budgets, :starts, :ends) WITH ORDINALITY
        AS wanted (budget_id, from_start, to_end, place)
    LEFT JOIN budget_sums AS sums ON sums.budget_id = wanted.budget_id
        AND sums.starts_at >= from_start AND sums.starts_at < to_end
    GROUP BY place ORDER BY place
""").bindparams(
    bindparam("budgets", type_=ARRAY(Uuid)),
    bindparam("starts", type_=ARRAY(DateTime(timezone=True))),
    bindparam("ends", type_=ARRAY(DateTime(timezone=True))),
)
_HELD_IN_ALL = text("""
    SELECT coalesce(sum(held_pico_usd), 0), coalesce(sum(held_tokens), 0)
    FROM unnest(:budgets) WITH ORDINALITY AS wanted (budget_id, place)
    LEFT JOIN budget_states USING (budget_id)
    GROUP BY place ORDER BY place
""").bindparams(bindparam("budgets", type_=ARRAY(Uuid)))


class Total(NamedTuple):
    """All values of a budget together, in its present period."""

    budget: Budget
    period: Period
    spent: Spent
    held: Held
    values: int
    """How many values there are."""


def list_budgets(
    connection: Connection,
    *,
    tenant: str | None = None,
    ended: bool = False,
    after: BudgetCursor | None = None,
    limit: int = 100,
) -> list[Budget]:
    """Budgets by tenant and name, those after a cursor; ended ones only when they are asked for."""
    statement = (all_ever() if ended else standing()).order_by(*_ORDER).limit(limit)
    if tenant is not None:
        statement = statement.where(budgets.c.tenant == tenant)
    if after is not None:
        statement = statement.where(tuple_(*_ORDER) > tuple_(*after))
    return read_budgets(connection, statement)


def budget_of_id(connection: Connection, budget_id: UUID) -> Budget:
    """The budget with this id, ended or not. Raises NotFound."""
    found = read_budgets(connection, all_ever().where(budgets.c.budget_id == budget_id))
    if not found:
        raise NotFound(f"there is no budget {budget_id}")
    return found[0]


def totals(connection: Connection, wanted: Sequence[Budget], at: datetime) -> list[Total]:
    """All values of each budget together, in the period that a moment is in."""
    if not wanted:
        return []
    periods = [period_of(budget, at) for budget in wanted]
    ids = [budget.budget_id for budget in wanted]
    parameters = {
        "budgets": ids,
        "starts": [period.start for period in periods],
        "ends": [period.end for period in periods],
    }
    sums = connection.execute(_TOTALS, parameters).all()
    held = connection.execute(_HELD_IN_ALL, {"budgets": ids}).all()
    return [
        Total(
            budget,
            period,
            Spent(*(int(value) for value in row[1:7])),
            Held(*(int(value) for value in holds)),
            int(row[7]),
        )
        for budget, period, row, holds in zip(wanted, periods, sums, held, strict=True)
    ]


def values_by_use(
    connection: Connection,
    budget: Budget,
    at: datetime,
    *,
    after: ValueCursor | None = None,
    limit: int = 100,
) -> list[tuple[ScopeKey, Decimal]]:
    """Keys of a budget's values with what they used in the present period, the most first."""
    period = period_of(budget, at)
    used, key = after or (None, None)
    rows = connection.execute(
        _VALUES_IN_TOKENS if budget.is_in_tokens else _VALUES_IN_USD,
        {
            "budget_id": budget.budget_id,
            "start": period.start,
            "end": period.end,
            "after_used": used,
            "after_key": key,
            "limit": limit,
        },
    )
    return [(row.scope_key, Decimal(row.used)) for row in rows]


def zone_of_tenant(connection: Connection, tenant: str) -> str | None:
    """The time zone of a tenant; None for the operator and for tenants without calls."""
    if tenant == OPERATOR:
        return None
    statement = select(tenants.c.time_zone).where(tenants.c.tenant == tenant)
    return connection.execute(statement).scalar_one_or_none()
