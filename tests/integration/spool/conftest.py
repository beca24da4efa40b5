"""Fixtures of the replay: a spool, and a ledger that books what comes out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.spool.replay import Replayer
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.storage.database import Database
from tests.integration.spool.marked_booking import MarkedBooking


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool of 64 MiB."""
    return Spool(tmp_path / "spool", 64 * 2**20)


@pytest.fixture
def booking(database: Database) -> MarkedBooking:
    """Booking into `database`."""
    return MarkedBooking(database)


@pytest.fixture
def replayer(spool: Spool, database: Database, booking: MarkedBooking) -> Replayer:
    """A replayer that the test drives itself."""
    return Replayer(spool, SpoolMarks(database), booking.book, booking.dead_letter)
