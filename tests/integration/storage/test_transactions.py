from __future__ import annotations

import time

import pytest

from ledger.domain.errors import LedgerUnavailable
from ledger.storage.database import Database, driver_connection


def _hang_in_a_booking(database: Database) -> None:
    with database.transaction("tollbook_ingest") as connection:
        driver = driver_connection(connection)
        assert driver.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
        driver.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        time.sleep(0.3)
        driver.execute("SELECT 1")


def test_a_booking_that_hangs_loses_its_turn_and_can_be_tried_again(database: Database) -> None:
    with pytest.raises(LedgerUnavailable):
        _hang_in_a_booking(database)
    with database.transaction("tollbook_ingest") as connection:
        assert driver_connection(connection).execute("SELECT 1").fetchone() == (1,)
