"""Re-pricing: calls that stand are priced anew, and what differs is corrected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection

from exporters.postgres.budgets.accounts import BudgetAccounts
from exporters.postgres.revisions.adjustments import keep_adjustments
from exporters.postgres.revisions.amounts import add_amounts, amounts_of
from exporters.postgres.revisions.changes import Changes, PriceAll, Repriced, changes_of
from exporters.postgres.revisions.differences import add_differences
from exporters.postgres.revisions.entries import (
    Entry,
    is_overtaken,
    stage_changes,
    write_entries,
)
from exporters.postgres.revisions.pages import Pages
from exporters.postgres.revisions.progress import (
    Owner,
    Standing,
    end,
    next_standing,
    note_page,
    owner_at,
)
from ledger.domain.zones import zone
from ledger.storage.budgets.versions import version_now
from ledger.storage.database import driver_connection
from ledger.storage.turns import TURN

CALLS_A_PAGE = 5_000
"""Bookings wait for about as long as it takes to correct so many."""

_REST = timedelta(seconds=5)
"""By then every process books at the prices that were set when a re-pricing was requested."""

PricesAsOf = Callable[[datetime], PriceAll]
"""Prices as they were known at a moment."""

_ENTER = f"SELECT clock_timestamp() FROM {TURN}"  # noqa: S608 - our own


class Repricer:
    """Works on re-pricings that were requested, a page of calls in each transaction."""

    def __init__(
        self,
        prices_as_of: PricesAsOf,
        *,
        calls_a_page: int = CALLS_A_PAGE,
        rest: timedelta = _REST,
    ) -> None:
        self._prices_as_of = prices_as_of
        self._pages = Pages()
        self._budgets = BudgetAccounts()
        self._calls_a_page = calls_a_page
        self._rest = rest
        self.at: int | None = None
        """The re-pricing that the last page was of."""

    def work(self, connection: Connection) -> int | None:
        """Price one page of the oldest re-pricing; returns its number.

        None when there is nothing to do yet, or another process is at it. All of the page is there
        with the commit of the caller's transaction, as tollbook_ingest, or nothing of it. Raises
        LedgerUnavailable.
        """
        driver = driver_connection(connection)
        standing = next_standing(driver, self._rest)
        self.at = standing and standing.repricing_id
        if standing is None:
            return None
        owner = owner_at(driver, standing)
        if owner is None:
            end(driver, standing.repricing_id, "done")
            return standing.repricing_id
        changes = self._priced(driver, standing, owner)
        if changes.changed and not standing.wanted.dry_run:
            changes = self._correct(connection, standing, owner, changes)
        add_differences(driver, standing.repricing_id, owner.tenant, changes.differences)
        note_page(driver, standing, owner, changes)
        return standing.repricing_id

    def _priced(self, driver: psycopg.Connection[Any], standing: Standing, owner: Owner) -> Changes:
        wanted = standing.wanted
        at_this_tenant = standing.cursor.tenant == owner.tenant
        page = self._pages.read(
            driver,
            owner.tenant,
            (wanted.start, wanted.end),
            standing.cursor.place if at_this_tenant else None,
            self._calls_a_page,
        )
        return changes_of(
            page,
            Repriced(
                accepted=wanted.filter,
                price_all=self._prices_as_of(standing.priced_as_of),
                zone=zone(owner.time_zone),
            ),
        )

    def _correct(
        self, connection: Connection, standing: Standing, owner: Owner, changes: Changes
    ) -> Changes:
        """Write the corrections when our turn has come; returns what was changed then."""
        driver: psycopg.Connection[Any] = driver_connection(connection)
        stage_changes(driver, changes.changed)
        row = driver.execute(_ENTER).fetchone()
        assert row is not None
        if is_overtaken(driver, changes.changed):
            # Calls were joined or corrected since the page was read; now nobody does.
            changes = self._priced(driver, standing, owner)
            if not changes.changed:
                return changes
            stage_changes(driver, changes.changed)
        entry = Entry(owner.tenant, standing.repricing_id, row[0])
        write_entries(driver, changes.changed, entry)
        amounts = amounts_of(changes.changed, owner.rollup_seconds * 1_000_000)
        rollup_rows = add_amounts(driver, owner.tenant, amounts)
        keep_adjustments(driver, rollup_rows, entry.booked_at)
        self._budgets.know(connection, version_now(connection))
        if self._budgets:
            costs = [(one.before.call, one.before.cost, one.cost) for one in changes.changed]
            self._budgets.change_costs(driver, costs)
        return changes
