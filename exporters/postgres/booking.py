"""Booking: calls with everything that is counted from them, in one transaction, exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
from psycopg.errors import UndefinedTable
from sqlalchemy import text

from exporters.postgres.batches import Batch, Booked, Prepared
from exporters.postgres.budgets.accounts import BookedRow, BudgetAccounts
from exporters.postgres.calls_copy import copy_calls, copy_keys, present_already
from exporters.postgres.corrections import (
    Correction,
    add_corrected,
    book_corrections,
    corrected_sums,
)
from exporters.postgres.counts import count_records, keep_commits, keep_marks
from exporters.postgres.evidence import keep_copies, keep_refusals
from exporters.postgres.foundations import Foundations
from exporters.postgres.joining.families import Families, Price, Sorted, Suspect
from exporters.postgres.joining.keys import KeyColumns, keys_of
from exporters.postgres.joining.lane import Lane
from exporters.postgres.joining.relatives import BookedCall, known_copies
from exporters.postgres.revisions.adjustments import keep_adjustments
from exporters.postgres.rows import STARTED_AT, Row, call_row, microseconds
from exporters.postgres.sums import ROLLUP_KEY, TOTAL_KEY, add_rows, count
from exporters.postgres.tallies import Tally
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.ingest import Commit
from ledger.domain.joining import key_of, remembered_for
from ledger.storage.database import Database, driver_connection
from ledger.storage.partitions import ensure_key_partitions

_MOST_SECONDS = 120.0
"""Waiting for the turn included. It only ends what cannot end well: a Postgres that hangs is found
out in seconds, and large bookings behind many others take their time."""
_STATUS = text("SELECT pg_xact_status(CAST(:transaction AS xid8))")


class Unsettled(LedgerUnavailable):
    """The connection was lost during the commit: whether it took place has to be asked."""

    def __init__(self, transaction: str, results: list[Booked], cause: Exception) -> None:
        super().__init__(str(cause))
        self.transaction = transaction
        self.results = results


class _Records:
    """The records of several batches, one after the other."""

    def __init__(self, prepared: Sequence[Prepared]) -> None:
        self.prepared = prepared
        self.calls = [priced.call for one in prepared for priced in one.batch.calls]
        self.keys = [keys for one in prepared for keys in one.keys]
        self.rows = [row for one in prepared for row in one.rows]
        self.columns = KeyColumns.together([one.columns for one in prepared])
        self.tally = Tally.together([one.tally for one in prepared])


@dataclass
class _Work:
    """What one transaction has to write."""

    records: _Records
    left_out: set[int]
    """Places of records that are there already, or that become part of another call."""
    sorted: Sorted
    new_rows: list[Row]
    """Calls that several of the records tell of together."""

    def kept(self) -> list[BookedRow]:
        """The records that are calls of their own, with their rows."""
        records = zip(self.records.calls, self.records.rows, strict=True)
        return [record for place, record in enumerate(records) if place not in self.left_out]

    def kept_rows(self) -> list[Row]:
        """Rows of the records that are calls of their own."""
        return [row for _, row in self.kept()]


class Booker:
    """Books batches into one ledger, in two steps that may run in different threads."""

    def __init__(
        self,
        database: Database,
        *,
        price: Price,
        default_time_zone: str,
        join_window: timedelta = timedelta(hours=24),
        filter_bytes: int = 64 * 2**20,
    ) -> None:
        self._database = database
        self._foundations = Foundations(database, default_time_zone)
        self._window = join_window
        remembered = remembered_for(join_window)
        self._families = Families(price, join_window, remembered)
        days = -(-remembered // timedelta(days=1))
        self._lane = Lane(days_kept=days + 1, most_bytes=filter_bytes)
        self._budgets = BudgetAccounts()
        self._key_days: set[datetime] = set()

    def prepare(self, batch: Batch) -> Prepared:
        """Work out all that does not need the ledger's word, and lay what the calls stand on.

        Raises LedgerUnavailable.
        """
        calls = [priced.call for priced in batch.calls]
        series = self._foundations.lay_for(calls)
        pairs = zip(batch.calls, series, strict=True)
        rows = [call_row(priced.call, priced.cost, series_id) for priced, series_id in pairs]
        keys = [keys_of(call) for call in calls]
        tally = Tally.of(rows, self._foundations.grid_microseconds)
        return Prepared(batch, rows, keys, KeyColumns.of(keys), tally)

    def book(
        self,
        prepared: Sequence[Prepared] | Callable[[], Sequence[Prepared]],
        earlier: Sequence[Commit] = (),
    ) -> list[Booked]:
        """Book several requests' prepared batches in one transaction, each call exactly once.

        They may be given by a function, which is called when our turn has come: what was prepared
        while we waited is then booked with them.

        A record whose tenant, start and id came before changes nothing and counts as duplicate, as
        does one that is joined with another. What `earlier` commits took is counted with it. Raises
        LedgerUnavailable; then nothing of it was booked and all of it may be sent again, unless it
        is Unsettled.
        """
        transaction, results = "", None
        try:
            with self._database.transaction(
                "tollbook_ingest", deadline_seconds=_MOST_SECONDS
            ) as connection:
                driver = driver_connection(connection)
                transaction, now, budgets_version = self._lane.enter(driver)
                self._make_key_days(now)
                self._budgets.know(connection, budgets_version)
                booked = self._book(driver, prepared() if callable(prepared) else prepared, now)
                keep_commits(driver, earlier)
                results = booked
        except LedgerUnavailable as error:
            if results is None:
                raise
            raise Unsettled(transaction, results, error) from error
        except UndefinedTable as error:
            self._foundations.forget_days()
            self._key_days = set()
            raise LedgerUnavailable("a day of calls was dropped meanwhile") from error
        return booked

    def settle(self, unsettled: Unsettled) -> list[Booked] | None:
        """What a commit booked whose answer was lost; None when it did not take place.

        Raises LedgerUnavailable while that cannot be said.
        """
        with self._database.transaction("tollbook_ingest") as connection:
            status = connection.execute(
                _STATUS, {"transaction": unsettled.transaction}
            ).scalar_one_or_none()
        if status == "in progress":
            raise LedgerUnavailable("a commit is still under way")
        return unsettled.results if status == "committed" else None

    def _book(
        self, driver: psycopg.Connection[Any], prepared: Sequence[Prepared], now: datetime
    ) -> list[Booked]:
        records = _Records(prepared)
        work = self._sort_out(driver, records, set(), now)
        if not copy_calls(driver, [*work.kept_rows(), *work.new_rows]):
            # Some came so long ago that their keys are forgotten.
            present = present_already(driver, records.rows)
            work = self._sort_out(driver, records, present, now)
            if not copy_calls(driver, [*work.kept_rows(), *work.new_rows]):
                raise RuntimeError("calls that are not in the ledger collide with some that are")
        self._tell_keys(driver, work, now)
        keep_adjustments(driver, self._add_up(driver, work, now), now)
        if self._budgets:
            self._count_under_budgets(driver, work)
        keep_copies(driver, work.sorted.copies, now)
        results = list(_results(work))
        batches = [one.batch for one in prepared]
        keep_refusals(driver, batches)
        keep_marks(driver, batches)
        count_records(
            driver,
            batches,
            results,
            joined_later=work.sorted.joined_later,
            parted_later=work.sorted.parted_later,
        )
        return results

    def _sort_out(
        self,
        driver: psycopg.Connection[Any],
        records: _Records,
        present: set[int],
        now: datetime,
    ) -> _Work:
        """Which records are new calls of their own, which came before, which are copies."""
        there = present | self._old_copies(driver, records, now)
        suspects = [
            Suspect(place, records.calls[place], records.keys[place])
            for place in self._lane.suspects(records.columns).nonzero()[0].tolist()
            if place not in there
        ]
        found = Sorted()
        if suspects:
            found = self._families.sort_out(driver, suspects, now, self._lane.may_be_told)
        left_out = there | found.duplicates | found.joined
        return _Work(records, left_out, found, self._rows_of(found.new_calls))

    def _old_copies(
        self, driver: psycopg.Connection[Any], records: _Records, now: datetime
    ) -> set[int]:
        """Copies that are sent again after their keys were forgotten are known by their names."""
        horizon = microseconds(now - self._window)
        old = [place for place, row in enumerate(records.rows) if row[STARTED_AT] < horizon]
        known = known_copies(driver, [records.calls[place] for place in old]) if old else set()
        if not known:
            return set()
        calls = records.calls
        return {place for place in old if (calls[place].tenant, key_of(calls[place])) in known}

    def _tell_keys(self, driver: psycopg.Connection[Any], work: _Work, now: datetime) -> None:
        """Keep the keys of what was booked and of copies, so that later records find them."""
        records = work.records
        told = np.ones(len(records.calls), dtype=np.bool_)
        told[list(work.left_out - work.sorted.joined)] = False
        if told.any():
            places = told.nonzero()[0].tolist()
            copy_keys(driver, [(records.calls[p], records.keys[p]) for p in places], now)
            self._lane.tell(driver, now.date(), records.columns.only(told).told())

    def _add_up(self, driver: psycopg.Connection[Any], work: _Work, now: datetime) -> list[Row]:
        """Add to rollups and totals; returns what rollups gained."""
        grids = self._foundations.grid_microseconds
        corrections = self._corrections(work.sorted)
        if corrections:
            book_corrections(driver, corrections, "joined", now)
            sums = count([*work.kept_rows(), *work.new_rows], grids)
            return add_corrected(driver, sums, corrected_sums(corrections, grids))
        tally = work.records.tally.without(work.left_out)
        if work.new_rows:
            tally = Tally.together([tally, Tally.of(work.new_rows, grids)])
        rollup_rows = tally.rollup_rows()
        add_rows(driver, "rollups", ROLLUP_KEY, rollup_rows)
        add_rows(driver, "totals", TOTAL_KEY, tally.total_rows())
        return rollup_rows

    def _count_under_budgets(self, driver: psycopg.Connection[Any], work: _Work) -> None:
        put_in = self._with_rows([*work.sorted.new_calls, *work.sorted.put_in])
        taken_back = self._with_rows(work.sorted.taken_back)
        self._budgets.book(driver, [*work.kept(), *put_in], taken_back)

    def _with_rows(self, booked: Sequence[BookedCall]) -> list[BookedRow]:
        return list(zip((one.call for one in booked), self._rows_of(booked), strict=True))

    def _corrections(self, found: Sorted) -> list[Correction]:
        return [
            *(Correction(row, -1) for row in self._rows_of(found.taken_back)),
            *(Correction(row, 1) for row in self._rows_of(found.put_in)),
        ]

    def _rows_of(self, booked: Sequence[BookedCall]) -> list[Row]:
        series = self._foundations.lay_for([one.call for one in booked]) if booked else []
        pairs = zip(booked, series, strict=True)
        return [call_row(one.call, one.cost, series_id) for one, series_id in pairs]

    def _make_key_days(self, now: datetime) -> None:
        today = datetime(now.year, now.month, now.day, tzinfo=UTC)
        if today not in self._key_days:
            with self._database.transaction("tollbook_ingest") as connection:
                ensure_key_partitions(connection, [today.date(), today.date() + timedelta(days=1)])
            self._key_days = {today}


def _results(work: _Work) -> Iterable[Booked]:
    brought = [1] * len(work.records.rows)
    for place in work.left_out:
        brought[place] = 0
    for place, calls in work.sorted.counted_as_booked.items():
        brought[place] += calls
    start = 0
    for one in work.records.prepared:
        end = start + len(one.rows)
        booked = sum(brought[start:end])
        yield Booked(booked=booked, duplicate=end - start - booked)
        start = end
