"""Budgets on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.commands.listing import print_rows
from collector.counted import counted

_COLUMNS = {
    "id": "id",
    "tenant": "tenant",
    "name": "name",
    "period": "period",
    "limit": "limit",
    "spent": "spent",
    "reserved": "reserved",
    "percent": "%",
    "action": "action",
    "state": "state",
}
_VALUE_COLUMNS = {
    "value": "value",
    "limit": "limit",
    "spent": "spent",
    "reserved": "reserved",
    "percent": "%",
}


def print_budgets(rows: Sequence[dict[str, Any]]) -> None:
    """A table of budgets with how they stand."""
    print_rows(counted(len(rows), "budget", "budgets"), [_line(row) for row in rows], _COLUMNS)


def print_budget(shown: dict[str, Any]) -> None:
    """One budget, and the values that used most of it."""
    print_budgets([shown])
    values = [
        _figures(value) | {"value": ", ".join(value["value"].values())}
        for value in shown.get("values", ())
    ]
    if values:
        print_rows("those that used most", values, _VALUE_COLUMNS)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    state = "ended" if row["ended_at"] else "ready" if row["ready"] else "filling"
    return row | _figures(row) | {"state": state}


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    """The same columns for dollars and for tokens; values together have no ratio of their own."""
    unit = "tokens" if "spent_tokens" in row else "usd"
    ratio = row.get("used_ratio")
    return {
        "limit": row.get(f"limit_{unit}", row.get(f"amount_{unit}")),
        "spent": row[f"spent_{unit}"],
        "reserved": row[f"reserved_{unit}"],
        "percent": None if ratio is None else f"{100 * ratio:.1f}",
    }
