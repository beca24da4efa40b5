"""Booking as the spool's contract asks for it: the mark and what it marks in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from collector.spool.settling import Spooled
from ledger.domain.errors import TollbookError
from ledger.storage.database import Database

_MARK = text("INSERT INTO ingest_marks (source, place) VALUES (:source, :place)")
_COUNT = text(
    "INSERT INTO ingest_totals (receiver, result, records) VALUES (:receiver, :result, :records)"
    " ON CONFLICT (receiver, result) DO UPDATE"
    " SET records = ingest_totals.records + excluded.records"
)


class MarkedBooking:
    """Counts the records of each request; a tenant's name decides which ones fail.

    A request that is handed in although it was booked collides with its mark.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.order: list[str] = []
        """First call of every request that was booked, in that order."""
        self.transactions = 0

    def book(self, requests: Sequence[Spooled]) -> None:
        """Book all of it or nothing."""
        booked = []
        with self._database.transaction("tollbook_ingest") as connection:
            for request in requests:
                self._refuse_what_is_meant_to_fail(request)
                _note(connection, request, "booked")
                booked.append(request.accepted.calls[0].id)
        self.order += booked
        self.transactions += 1

    def dead_letter(self, request: Spooled, reason: str) -> None:
        """Count a request as dead-lettered."""
        assert reason
        with self._database.transaction("tollbook_ingest") as connection:
            _note(connection, request, "dead_lettered")

    @staticmethod
    def _refuse_what_is_meant_to_fail(request: Spooled) -> None:
        tenants = {call.tenant for call in request.accepted.calls}
        if "final" in tenants:
            raise TollbookError("meant to fail for good")
        if "unexpected" in tenants:
            raise ZeroDivisionError("meant to fail")


def _note(connection: Connection, request: Spooled, result: str) -> None:
    mark = request.mark
    connection.execute(_MARK, {"source": mark.source, "place": mark.place})
    accepted = request.accepted
    counts = {"receiver": accepted.receiver, "result": result, "records": accepted.records}
    connection.execute(_COUNT, counts)
