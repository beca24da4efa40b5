"""Budgets in a booking: their sums are written with the calls, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection

from exporters.postgres.budgets.counting import BudgetEntries
from exporters.postgres.budgets.held import give_back
from exporters.postgres.rows import COST, Row
from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.calls import Call, Cost
from ledger.storage.budgets.stored import known_budgets
from ledger.storage.budgets.sums import Figures, add_to_sums

BookedRow = tuple[Call, Row]


class BudgetAccounts:
    """The budgets of one process' bookings; truthy when there are any."""

    def __init__(self) -> None:
        self._known = KnownBudgets()

    def __bool__(self) -> bool:
        """Whether there are any budgets."""
        return bool(self._known)

    def know(self, connection: Connection, version: int) -> None:
        """Read the budgets anew if they changed; the version is that of our turn."""
        if version != self._known.version:
            self._known = known_budgets(connection)

    def book(
        self,
        driver: psycopg.Connection[Any],
        added: Sequence[BookedRow],
        taken_back: Sequence[BookedRow] = (),
    ) -> None:
        """Write what calls that are booked, put in or taken back change."""
        entries = BudgetEntries(self._known)
        entries.add(added)
        entries.add(taken_back, sign=-1)
        priced = [call for call, row in added if call.reservation_id and row[COST] is not None]
        _write(driver, entries, priced)

    def change_costs(
        self, driver: psycopg.Connection[Any], changes: Iterable[tuple[Call, Cost, Cost]]
    ) -> None:
        """Write what it changes that calls which were booked cost something else: before, after.

        The calls have their users, tags and reservations; budgets were read in this turn.
        """
        entries = BudgetEntries(self._known)
        priced = []
        for call, before, after in changes:
            entries.change(call, before, after)
            if call.reservation_id and after.pico_usd is not None:
                priced.append(call)
        _write(driver, entries, priced)


def _write(driver: psycopg.Connection[Any], entries: BudgetEntries, priced: Sequence[Call]) -> None:
    sums = entries.sums()
    for key, replaced in give_back(driver, priced).items():
        figures = sums.setdefault(key, Figures())
        figures.provisional_pico_usd += replaced.provisional_pico_usd
        figures.provisional_tokens += replaced.provisional_tokens
    add_to_sums(driver, sums)
