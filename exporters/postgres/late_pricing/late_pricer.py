"""Pricing calls that were booked before their price was known, in their turn among bookings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg

from exporters.postgres.budgets.accounts import BudgetAccounts
from exporters.postgres.corrections import Correction, correct
from exporters.postgres.counts import add_counts
from exporters.postgres.foundations import Foundations
from exporters.postgres.joining.relatives import BookedCall, booked_now
from exporters.postgres.late_pricing.waiting import Waiting, waiting_calls
from exporters.postgres.pricer import Pricer
from exporters.postgres.rows import call_row
from ledger.domain.calls import Cost
from ledger.domain.ingest import PRICED_LATER
from ledger.domain.joining import Key
from ledger.storage.budgets.versions import version_now
from ledger.storage.database import Database, driver_connection
from ledger.storage.turns import TURN

_AT_ONCE = 500
"""Bookings wait while so many are corrected, a few hundredths of a second."""

_UNPRICED = "unpriced"

_ENTER = f"SELECT clock_timestamp() FROM {TURN}"  # noqa: S608 - our own


class LatePricer:
    """Prices the calls that wait for it; each one once, whoever else tries."""

    def __init__(self, database: Database, pricer: Pricer, default_time_zone: str) -> None:
        self._database = database
        self._pricer = pricer
        self._foundations = Foundations(database, default_time_zone)
        self._budgets = BudgetAccounts()

    def price_waiting(self) -> Iterator[int]:
        """Go through all calls without a price, some at a time; yields how many of them have one.

        Raises LedgerUnavailable; what was priced by then stays so.
        """
        return map(self._price, waiting_calls(self._database, _AT_ONCE))

    def _price(self, waiting: Waiting) -> int:
        with self._database.transaction("tollbook_ingest") as connection:
            found = _unpriced(driver_connection(connection), waiting.tenant, waiting.calls)
        wanted = [one for one, cost in self._priced(found) if cost.status != _UNPRICED]
        if not wanted:
            return 0
        # Bookings make these themselves; here they are of calls that were booked.
        self._foundations.lay_for([one.call for one in wanted])
        keys = [(one.call.started_at, one.call.id) for one in wanted]
        with self._database.transaction("tollbook_ingest") as connection:
            driver: psycopg.Connection[Any] = driver_connection(connection)
            row = driver.execute(_ENTER).fetchone()
            assert row is not None
            self._budgets.know(connection, version_now(connection))
            return self._correct(driver, waiting.tenant, keys, row[0])

    def _correct(
        self, driver: psycopg.Connection[Any], tenant: str, keys: Sequence[Key], now: datetime
    ) -> int:
        """Correct what is still unpriced now that it is our turn."""
        found = self._priced(_unpriced(driver, tenant, keys))
        priced = [(one, cost) for one, cost in found if cost.status != _UNPRICED]
        if not priced:
            return 0
        series = self._foundations.lay_for([one.call for one, _ in priced])
        corrections = [
            correction
            for (one, cost), series_id in zip(priced, series, strict=True)
            for correction in (
                Correction(call_row(one.call, one.cost, series_id), -1),
                Correction(call_row(one.call, cost, series_id), 1),
            )
        ]
        grids = self._foundations.grid_microseconds
        correct(driver, corrections, PRICED_LATER, grids, now)
        if self._budgets:
            self._budgets.change_costs(driver, [(one.call, one.cost, cost) for one, cost in priced])
        add_counts(driver, {("", PRICED_LATER): len(priced)})
        return len(priced)

    def _priced(self, found: Sequence[BookedCall]) -> list[tuple[BookedCall, Cost]]:
        costs = self._pricer.price_all([one.call for one in found])
        return list(zip(found, costs, strict=True))


def _unpriced(
    driver: psycopg.Connection[Any], tenant: str, keys: Sequence[Key]
) -> list[BookedCall]:
    booked = booked_now(driver, [(tenant, key) for key in keys])
    return [one for one in booked.values() if one.cost.status == _UNPRICED]
