"""Booking: calls, rollups, running totals, evidence and counts of what came in, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from exporters.postgres.batches import Batch, Booked
from exporters.postgres.booking_sql import BOOK_STAGE, COUNT_RECORDS
from exporters.postgres.evidence import keep_refusals
from exporters.postgres.foundations import Foundations
from exporters.postgres.marks import keep_marks
from exporters.postgres.stage import fill_stage
from ledger.storage.database import Database, driver_connection


class Booker:
    """Books batches into one ledger, in two steps that may run in different threads."""

    def __init__(self, database: Database, *, default_time_zone: str) -> None:
        self._database = database
        self._foundations = Foundations(database, default_time_zone)

    def prepare(self, batch: Batch) -> None:
        """Make the tenants, series and days that a batch needs and that are missing.

        Raises LedgerUnavailable.
        """
        self._foundations.lay_for(batch.calls)

    def book(self, batches: Sequence[Batch]) -> list[Booked]:
        """Book several requests' prepared batches in one transaction, each call exactly once.

        A call whose tenant, start and id are already there changes nothing and counts as duplicate.
        Raises LedgerUnavailable; then nothing of it was booked and all of it may be sent again.
        """
        with self._database.transaction("tollbook_ingest") as connection:
            driver = driver_connection(connection)
            booked_by_request: dict[int, int] = {}
            if fill_stage(driver, batches):
                booked_by_request = dict(driver.execute(BOOK_STAGE).fetchall())  # type: ignore[arg-type]
            results = [
                Booked(
                    booked=booked_by_request.get(request, 0),
                    duplicate=len(batch.calls) - booked_by_request.get(request, 0),
                )
                for request, batch in enumerate(batches)
            ]
            keep_refusals(driver, batches)
            driver.execute(COUNT_RECORDS, _record_counts(batches, results))
            keep_marks(driver, batches)
        return results


def _record_counts(batches: Sequence[Batch], results: Sequence[Booked]) -> dict[str, list[object]]:
    counts: Counter[tuple[str, str]] = Counter()
    for batch, result in zip(batches, results, strict=True):
        for name, records in (
            ("booked", result.booked),
            ("duplicate", result.duplicate),
            ("ignored", batch.ignored),
            ("rejected", batch.rejected),
        ):
            counts[batch.receiver, name] += records
    rows = [(*key, records) for key, records in sorted(counts.items()) if records]
    return {
        "receivers": [receiver for receiver, _, _ in rows],
        "results": [result for _, result, _ in rows],
        "records": [records for _, _, records in rows],
    }
