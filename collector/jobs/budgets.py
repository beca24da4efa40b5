"""Budgets: filled when that ended half-way or was never begun, and held against the calls."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from collector.jobs.turns import is_ours
from ledger.commands.budgets.filler import fill_all
from ledger.storage.budgets.drift import budgets_off
from ledger.storage.database import Database
from ledger.storage.self_check import note

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_HOURS_CHECKED = 48
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def fill_waiting_budgets(database: Database) -> None:
    """Add the calls from before to every budget that waits for it."""
    fill_all(database)


def check_budgets(database: Database) -> None:
    """Hold budgets' sums against the calls of this hour and of one of the last two days.

    Every one of the hours comes up again within the hour.
    """
    now = datetime.now(UTC)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    back = 1 + int(now.timestamp()) // 60 % (_HOURS_CHECKED - 1)
    hours = (this_hour, this_hour - back * _HOUR)
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(_ONE_MOMENT)
        if not is_ours(connection, "check_budgets"):
            return
        found = {hour: budgets_off(connection, hour, hour + _HOUR) for hour in hours}
    with database.transaction("tollbook_ingest") as connection:
        for hour, off in found.items():
            note(connection, f"budgets {int(hour.timestamp()) // 3600 % _HOURS_CHECKED}", off)
            if any(off):
                log.error("budgets do not agree with the calls since %s: off by %d pico-dollars"
                          " and %d calls", hour, *off)  # fmt: skip
