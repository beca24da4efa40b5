"""The budgets as one process knows them while it admits."""

from __future__ import annotations

from ledger.domain.budgets.known import KnownBudgets
from ledger.storage.budgets.stored import known_budgets
from ledger.storage.budgets.versions import version_now
from ledger.storage.database import Database

_MOST_READING_SECONDS = 10.0
"""There may be very many of them."""


class BudgetsInSight:
    """Read again when they changed; kept as they were while Postgres is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.known: KnownBudgets | None = None
        """None until they were read once."""

    def refresh(self, *, deadline_seconds: float) -> None:
        """Read them if they changed; only to find that out is bounded. Raises LedgerUnavailable."""
        with self._database.transaction(
            "tollbook_ingest", deadline_seconds=deadline_seconds
        ) as connection:
            version = version_now(connection)
        if self.known is None or version != self.known.version:
            with self._database.transaction(
                "tollbook_ingest", deadline_seconds=_MOST_READING_SECONDS
            ) as connection:
                self.known = known_budgets(connection)
