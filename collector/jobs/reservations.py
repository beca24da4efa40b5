"""Reservations: given back when their time is up, forgotten at last, held against the accounts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from collector.jobs.turns import is_ours
from ledger.commands.reservations.upkeep import forget_ended, sweep_expired
from ledger.storage.budgets.days import days_off
from ledger.storage.budgets.holds import holds_off
from ledger.storage.database import Database
from ledger.storage.self_check import note

log = logging.getLogger(__name__)

_KEPT_HOURS = 48
"""Longer than copies of a call are joined for."""
_SETTLED_KEPT_HOURS = 24 * 90
"""A settlement waits that long for its call; after that it stands as what was spent."""
_AT_ONCE = 5_000
_DAYS_CHECKED = 45


def expire_reservations(database: Database) -> None:
    """Give back what is held by reservations whose time is up."""
    swept = sweep_expired(database)
    if swept:
        log.info("gave back %d reservations that nobody settled in time", swept)


def check_holds(database: Database) -> None:
    """Hold what accounts say is held, and their days, against what both are added up from.

    Of the days it is today and one of the last month; each comes up again within the hour.
    """
    now = datetime.now(UTC)
    back = 1 + int(now.timestamp()) // 60 % _DAYS_CHECKED
    with database.transaction("tollbook_ingest") as connection:
        if not is_ours(connection, "check_holds"):
            return
        found = {"holds": holds_off(connection)}
        for days in (0, back):
            found[f"budget days {days}"] = days_off(connection, (now - timedelta(days=days)).date())
        for scope, off in found.items():
            note(connection, scope, off)
    for scope, off in found.items():
        if any(off):
            log.error("%s do not agree: off by %d pico-dollars in %d accounts", scope, *off)


def forget_reservations(database: Database) -> None:
    """Forget reservations that ended long ago."""
    forgotten = _AT_ONCE
    while forgotten == _AT_ONCE:
        forgotten = forget_ended(
            database, hours=_KEPT_HOURS, settled_hours=_SETTLED_KEPT_HOURS, most=_AT_ONCE
        )
