"""Booking as the spool's contract asks for it: the mark and what it marks in one transaction."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from collector.spool.replay import Replayer
from collector.spool.settling import Spooled
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.domain.errors import TollbookError
from ledger.storage.database import Database

_MARK = text(
    "INSERT INTO ingest_marks (source, place) VALUES (:source, :place)"
    " ON CONFLICT DO NOTHING RETURNING source"
)
_COUNT = text(
    "INSERT INTO ingest_totals (receiver, result, records) VALUES (:receiver, :result, :records)"
    " ON CONFLICT (receiver, result) DO UPDATE"
    " SET records = ingest_totals.records + excluded.records"
)


class MarkedBooking:
    """Counts the records of each request once; a tenant's name decides which ones fail."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.order: list[str] = []
        """First call of every request that was booked, in that order."""
        self.transactions = 0
        self.dies_after_commit = False

    def book(self, requests: Sequence[Spooled]) -> None:
        """Book all of it or nothing."""
        booked = []
        with self._database.transaction("tollbook_ingest") as connection:
            for request in requests:
                self._refuse_what_is_meant_to_fail(request)
                if _is_new(connection, request, "booked"):
                    booked.append(request.accepted.calls[0].id)
        self.order += booked
        self.transactions += 1
        if self.dies_after_commit:
            os.kill(os.getpid(), signal.SIGKILL)

    def dead_letter(self, request: Spooled, reason: str) -> None:
        """Count a request as dead-lettered."""
        assert reason
        with self._database.transaction("tollbook_ingest") as connection:
            _is_new(connection, request, "dead_lettered")

    @staticmethod
    def _refuse_what_is_meant_to_fail(request: Spooled) -> None:
        tenants = {call.tenant for call in request.accepted.calls}
        if "final" in tenants:
            raise TollbookError("meant to fail for good")
        if "unexpected" in tenants:
            raise ZeroDivisionError("meant to fail")


def _is_new(connection: Connection, request: Spooled, result: str) -> bool:
    mark = request.mark
    if not connection.execute(_MARK, {"source": mark.source, "place": mark.place}).all():
        return False
    accepted = request.accepted
    counts = {"receiver": accepted.receiver, "result": result, "records": accepted.records}
    connection.execute(_COUNT, counts)
    return True


def replay_once(directory: Path, url: str, dies: bool) -> None:
    """Replay a spool in a process of its own, which may kill itself right after the commit."""
    database = Database(url)
    booking = MarkedBooking(database)
    booking.dies_after_commit = dies
    Replayer(Spool(directory, 2**26), SpoolMarks(database), booking.book).replay()
    database.close()
