"""Budgets as they are stored, read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select, text

from ledger.domain.budgets.budget import Budget, EarlierAmount
from ledger.domain.budgets.known import KnownBudgets
from ledger.storage.budgets.tables import budgets
from ledger.storage.budgets.versions import version_now

_COLUMNS = [column for column in budgets.columns if column.name != "fill_id"]
_INTEGERS = ("amount_pico_usd", "amount_tokens", "rollover_cap_pico_usd")

_AMOUNT_CHANGES = text("""
    SELECT budget_id, changed_at, before ->> 'amount' AS amount FROM budget_changes
    WHERE before ? 'amount' AND budget_id = ANY(:budgets)
    ORDER BY budget_id, revision
""")


def standing() -> Select[Any]:
    """A statement for the budgets that have not ended."""
    return select(*_COLUMNS).where(budgets.c.ended_at.is_(None))


def all_ever() -> Select[Any]:
    """A statement for all budgets, ended ones included."""
    return select(*_COLUMNS)


def read_budgets(connection: Connection, statement: Select[Any]) -> list[Budget]:
    """The budgets that a statement made here selects, in its order, with their earlier amounts."""
    rows = connection.execute(statement).mappings().all()
    earlier = _earlier_amounts(connection, [row["budget_id"] for row in rows])
    return [_budget(row, earlier) for row in rows]


def known_budgets(connection: Connection) -> KnownBudgets:
    """All budgets that hold now.

    The version is read first: if budgets change in between, they are read again the next time.
    """
    version = version_now(connection)
    return KnownBudgets(read_budgets(connection, standing()), version)


def _earlier_amounts(
    connection: Connection, ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[EarlierAmount]]:
    found: defaultdict[UUID, list[EarlierAmount]] = defaultdict(list)
    if ids:
        for row in connection.execute(_AMOUNT_CHANGES, {"budgets": list(ids)}):
            found[row.budget_id].append(EarlierAmount(row.changed_at, int(row.amount)))
    return found


def _budget(row: Mapping[Any, Any], earlier: Mapping[UUID, Sequence[EarlierAmount]]) -> Budget:
    values = dict(row)
    for name in _INTEGERS:
        values[name] = None if values[name] is None else int(values[name])
    for name in ("thresholds", "channels"):
        values[name] = tuple(values[name])
    return Budget(**values, earlier_amounts=tuple(earlier.get(row["budget_id"], ())))
