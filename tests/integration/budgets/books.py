"""What the sums of budgets are, and what they should be by a plain recount of the calls."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import text

from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.budgets.filling import fill_budgets
from ledger.commands.budgets.setting import create_budget
from ledger.domain.budgets.budget import Budget
from ledger.domain.usage import TOKEN_FIELDS
from ledger.queries.reader import Reader
from ledger.storage.database import Database

Sums = dict[tuple[str, datetime], tuple[int, int, int, int]]
"""Pico-dollars, tokens, calls and unpriced calls by key and quarter-hour; nothing is left out."""

_SUMS = text("""
    SELECT scope_key, starts_at, spent_pico_usd, tokens, calls, unpriced_calls FROM budget_sums
    WHERE budget_id = :budget_id
""")
_ENTRIES = text("SELECT entries.*, series.* FROM entries JOIN series USING (tenant, series_id)")


def set_budget(database: Database, budget: Budget, *, filled: bool = True) -> Budget:
    """Set a budget, and add the calls from before."""
    create_budget(Reader(database, LOCAL_OPERATOR), budget)
    if filled:
        assert fill_budgets(database) >= 1
    return budget


def sums_of(database: Database, budget: Budget) -> Sums:
    """What a budget has counted."""
    with database.transaction("tollbook_ingest") as connection:
        rows = connection.execute(_SUMS, {"budget_id": budget.budget_id}).all()
    found = {(row[0], row[1]): tuple(int(value) for value in row[2:]) for row in rows}
    return {key: figures for key, figures in found.items() if any(figures)}  # type: ignore[misc]


def plain_recount(database: Database, budget: Budget) -> Sums:
    """What a budget should have counted, one entry after the other."""
    with database.transaction("tollbook_ingest") as connection:
        rows = connection.execute(_ENTRIES).mappings().all()
    found: defaultdict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        key = _key(budget, row)
        if key is not None:
            start = row["started_at"]
            quarter = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
            for place, value in enumerate(_figures(row)):
                found[key, quarter][place] += value * row["sign"]
    return {
        key: (figures[0], figures[1], figures[2], figures[3])
        for key, figures in found.items()
        if any(figures)
    }


def assert_exact(database: Database, *budgets: Budget) -> None:
    """Hold every budget's sums against the plain recount."""
    for budget in budgets:
        assert sums_of(database, budget) == plain_recount(database, budget), budget.scope


def _key(budget: Budget, row: Any) -> str | None:
    stars = []
    for name, wanted in sorted(budget.scope.items()):
        value = _value(row, name)
        if wanted == "*":
            if not value:
                return None
            stars.append(value)
        elif value != wanted:
            return None
    return json.dumps(stars, ensure_ascii=False, separators=(",", ":"))


def _value(row: Any, name: str) -> str:
    if name == "user":
        return row["user_id"] or ""
    if name.startswith("tags."):
        return str((row["tags"] or {}).get(name[5:], ""))
    return str(row[name])


def _figures(row: Any) -> tuple[int, int, int, int]:
    tokens = sum(row[name] or 0 for name in TOKEN_FIELDS)
    return (row["cost_pico_usd"] or 0, tokens, 1, int(row["cost_status"] == "unpriced"))
