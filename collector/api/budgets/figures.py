"""Budgets together with how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from collector.api import parameters as read
from collector.api.budgets.shapes import shown_budget, shown_standing, shown_total, shown_value
from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.scope import NO_STARS
from ledger.queries.budgets.lists import ValueCursor, totals, values_by_use
from ledger.queries.budgets.standings import standings


def with_figures(
    connection: Connection, budgets: Sequence[Budget], now: datetime
) -> list[dict[str, Any]]:
    """Budgets with how they stand, in their order."""
    plain = [(budget, NO_STARS) for budget in budgets if not budget.starred]
    figures = {
        one.budget.budget_id: shown_standing(one) for one in standings(connection, plain, now)
    }
    starred = [budget for budget in budgets if budget.starred]
    figures |= {one.budget.budget_id: shown_total(one) for one in totals(connection, starred, now)}
    return [shown_budget(budget) | figures[budget.budget_id] for budget in budgets]


def whole_budget(
    connection: Connection,
    budget: Budget,
    now: datetime,
    *,
    limit: int,
    after: ValueCursor | None = None,
) -> dict[str, Any]:
    """A budget with how it stands, and its values, those that used most first."""
    shown = with_figures(connection, [budget], now)[0]
    if not budget.starred:
        return shown
    found = values_by_use(connection, budget, now, after=after, limit=limit + 1)
    accounts = [(budget, key) for key, _ in found[:limit]]
    shown["values"] = [shown_value(one) for one in standings(connection, accounts, now)]
    shown["next"] = None
    if len(found) > limit:
        key, used = found[limit - 1]
        shown["next"] = read.encode_cursor((format(used, "f"), key))
    return shown
