"""Budgets whose filling ended half-way, or was never begun."""

from __future__ import annotations

from ledger.commands.budgets.filler import fill_all
from ledger.storage.database import Database


def fill_waiting_budgets(database: Database) -> None:
    """Add the calls from before to every budget that waits for it."""
    fill_all(database)
