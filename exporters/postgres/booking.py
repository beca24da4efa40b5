"""Booking: calls with everything that is counted from them, in one transaction, exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.errors import UndefinedTable
from sqlalchemy import text

from exporters.postgres.batches import Batch, Booked, Prepared
from exporters.postgres.calls_copy import copy_calls, copy_keys, present_already
from exporters.postgres.corrections import (
    Correction,
    book_corrections,
    corrected_sums,
    gains_and_credits,
)
from exporters.postgres.counts import count_records, keep_marks
from exporters.postgres.evidence import keep_copies, keep_refusals
from exporters.postgres.foundations import Foundations
from exporters.postgres.joining.families import Families, Price, Sorted, Suspect
from exporters.postgres.joining.keys import KeyColumns, keys_of
from exporters.postgres.joining.lane import Lane
from exporters.postgres.joining.relatives import BookedCall, known_copies
from exporters.postgres.rows import STARTED_AT, Row, call_row, microseconds
from exporters.postgres.sums import (
    ROLLUP_KEY,
    TOTAL_KEY,
    add_sums,
    by_series,
    combine,
    count,
)
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.database import Database, driver_connection
from ledger.storage.partitions import ensure_key_partitions

_FURTHEST_AHEAD = timedelta(days=1)
"""How far a sender's clock may be ahead (validation refuses more)."""
_STATUS = text("SELECT pg_xact_status(CAST(:transaction AS xid8))")


class Unsettled(LedgerUnavailable):
    """The connection was lost during the commit: whether it took place has to be asked."""

    def __init__(self, transaction: str, results: list[Booked], cause: Exception) -> None:
        super().__init__(str(cause))
        self.transaction = transaction
        self.results = results


@dataclass
class _Work:
    """What one transaction has to write."""

    rows: list[Row]
    left_out: set[int]
    sorted: Sorted


class Booker:
    """Books batches into one ledger, in two steps that may run in different threads."""

    def __init__(
        self,
        database: Database,
        *,
        price: Price,
        default_time_zone: str,
        join_window: timedelta = timedelta(hours=24),
        filter_bytes: int = 32 * 2**20,
    ) -> None:
        self._database = database
        self._foundations = Foundations(database, default_time_zone)
        self._window = join_window
        remembered = join_window + _FURTHEST_AHEAD
        self._families = Families(price, join_window, remembered)
        self._lane = Lane(days_kept=remembered.days + 1, most_bytes=filter_bytes)
        self._key_days: set[datetime] = set()

    def prepare(self, batch: Batch) -> Prepared:
        """Work out all that does not need the ledger's word, and lay what the calls stand on.

        Raises LedgerUnavailable.
        """
        calls = [priced.call for priced in batch.calls]
        series = self._foundations.lay_for(calls)
        rows = [
            call_row(priced.call, priced.cost, series_id)
            for priced, series_id in zip(batch.calls, series, strict=True)
        ]
        keys = [keys_of(call) for call in calls]
        sums = count(rows, self._foundations.grid_microseconds)
        return Prepared(batch, rows, keys, KeyColumns(keys), sums)

    def book(self, prepared: Sequence[Prepared]) -> list[Booked]:
        """Book several requests' prepared batches in one transaction, each call exactly once.

        A record whose tenant, start and id came before changes nothing and counts as duplicate, as
        does one that is joined with another. Raises LedgerUnavailable; then nothing of it was
        booked and all of it may be sent again, unless it is Unsettled.
        """
        transaction, results = "", None
        try:
            with self._database.transaction("tollbook_ingest") as connection:
                driver = driver_connection(connection)
                transaction, now = self._lane.enter(driver)
                self._make_key_days(now)
                booked = self._book(driver, prepared, now)
                results = booked
        except LedgerUnavailable as error:
            if results is None:
                raise
            raise Unsettled(transaction, results, error) from error
        except UndefinedTable as error:
            self._foundations.forget_days()
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
        work = self._sort_out(driver, prepared, now)
        self._copy_calls(driver, prepared, work)
        self._tell_keys(driver, prepared, work, now)
        self._add_up(driver, prepared, work)
        keep_copies(driver, work.sorted.copies)
        results = list(_results(prepared, work))
        batches = [one.batch for one in prepared]
        keep_refusals(driver, batches)
        keep_marks(driver, batches)
        count_records(driver, batches, results, joined_later=work.sorted.joined_later)
        return results

    def _sort_out(
        self, driver: psycopg.Connection[Any], prepared: Sequence[Prepared], now: datetime
    ) -> _Work:
        """Which records are new calls of their own, which came before, which are copies."""
        rows = [row for one in prepared for row in one.rows]
        columns = KeyColumns([key for one in prepared for key in one.keys])
        places = [int(place) for place in self._lane.suspects(columns).nonzero()[0]]
        found = Sorted()
        if places:
            flat = _flat(prepared)
            found = self._families.sort_out(driver, [flat(place) for place in places], now)
        left_out = set(found.not_booked)
        self._leave_out_old_copies(driver, prepared, rows, left_out, now)
        return _Work(rows, left_out, found)

    def _leave_out_old_copies(
        self,
        driver: psycopg.Connection[Any],
        prepared: Sequence[Prepared],
        rows: Sequence[Row],
        left_out: set[int],
        now: datetime,
    ) -> None:
        """A copy that is sent again after its keys were forgotten is known by its name alone."""
        horizon = microseconds(now - self._window)
        old = [place for place, row in enumerate(rows) if row[STARTED_AT] < horizon]
        if not old:
            return
        flat = _flat(prepared)
        known = known_copies(driver, [flat(place).call for place in old])
        if known:
            left_out.update(
                place
                for place in old
                if (call := flat(place).call) and (call.tenant, (call.started_at, call.id)) in known
            )

    def _copy_calls(
        self, driver: psycopg.Connection[Any], prepared: Sequence[Prepared], work: _Work
    ) -> None:
        """Copy the new calls; those that are there already, from longer ago, are left out."""
        new = self._rows_of(work.sorted.new_calls)
        chosen = [(place, row) for place, row in enumerate(work.rows) if place not in work.left_out]
        if copy_calls(driver, [*(row for _, row in chosen), *new]):
            return
        present = present_already(driver, [row for _, row in chosen])
        work.left_out.update(chosen[number][0] for number in present)
        kept = [row for place, row in chosen if place not in work.left_out]
        if not copy_calls(driver, [*kept, *new]):
            raise RuntimeError("calls that are not in the ledger collide with some that are")

    def _tell_keys(
        self,
        driver: psycopg.Connection[Any],
        prepared: Sequence[Prepared],
        work: _Work,
        now: datetime,
    ) -> None:
        """Keep the keys of what was booked and of copies, so that later records find them."""
        flat = _flat(prepared)
        copies = {(c.tenant, c.started_at, c.id) for c in work.sorted.copies}
        told: list[Suspect] = []
        for place in range(len(work.rows)):
            one = flat(place)
            if place not in work.left_out or (
                copies and (one.call.tenant, one.call.started_at, one.call.id) in copies
            ):
                told.append(one)
        if told:
            copy_keys(driver, [(one.call, one.keys) for one in told], now)
            self._lane.tell(driver, now.date(), KeyColumns([one.keys for one in told]).told())

    def _add_up(
        self, driver: psycopg.Connection[Any], prepared: Sequence[Prepared], work: _Work
    ) -> None:
        grids = self._foundations.grid_microseconds
        if work.left_out:
            kept = [row for place, row in enumerate(work.rows) if place not in work.left_out]
            sums = count(kept, grids)
        else:
            sums = combine(one.sums for one in prepared)
        sums = combine([sums, count(self._rows_of(work.sorted.new_calls), grids)])
        corrections = self._corrections(work.sorted)
        if corrections:
            book_corrections(driver, corrections, "joined")
            changes = corrected_sums(corrections, grids)
            gains, credited = gains_and_credits(changes)
            add_sums(driver, "credits", TOTAL_KEY, credited)
            add_sums(driver, "totals", TOTAL_KEY, gains)
            add_sums(driver, "rollups", ROLLUP_KEY, changes)
        add_sums(driver, "rollups", ROLLUP_KEY, sums)
        add_sums(driver, "totals", TOTAL_KEY, by_series(sums))

    def _corrections(self, found: Sorted) -> list[Correction]:
        """What changes; a state that is put in as it was taken back is left alone."""
        before = self._rows_of(found.taken_back)
        after = self._rows_of(found.put_in)
        same = set(before) & set(after)
        return [
            *(Correction(row, -1) for row in before if row not in same),
            *(Correction(row, 1) for row in after if row not in same),
        ]

    def _rows_of(self, booked: Sequence[BookedCall]) -> list[Row]:
        series = self._foundations.lay_for([one.call for one in booked]) if booked else []
        return [
            call_row(one.call, one.cost, series_id)
            for one, series_id in zip(booked, series, strict=True)
        ]

    def _make_key_days(self, now: datetime) -> None:
        today = datetime(now.year, now.month, now.day, tzinfo=UTC)
        if today not in self._key_days:
            with self._database.transaction("tollbook_ingest") as connection:
                ensure_key_partitions(connection, [today.date(), today.date() + timedelta(days=1)])
            self._key_days = {today}


def _flat(prepared: Sequence[Prepared]) -> Any:
    """Records by their place among all that are being booked."""
    records = [
        (priced.call, keys)
        for one in prepared
        for priced, keys in zip(one.batch.calls, one.keys, strict=True)
    ]
    return lambda place: Suspect(place, *records[place])


def _results(prepared: Sequence[Prepared], work: _Work) -> Iterable[Booked]:
    start = 0
    extra: Counter[int] = work.sorted.counted_as_booked
    for one in prepared:
        end = start + len(one.rows)
        left_out = sum(1 for place in work.left_out if start <= place < end)
        brought = sum(n for place, n in extra.items() if start <= place < end)
        booked = end - start - left_out + brought
        yield Booked(booked=booked, duplicate=end - start - booked)
        start = end
