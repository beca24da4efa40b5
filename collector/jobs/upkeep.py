"""What has to be done regularly: days made ahead, evidence kept bounded, the books checked."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from collector.jobs.turns import is_ours
from ledger.commands.dead_letters import drop_overflow
from ledger.storage.database import Database
from ledger.storage.partitions import ensure_call_partitions
from ledger.storage.revisions.month_check import check_months
from ledger.storage.self_check import check_day, check_totals

log = logging.getLogger(__name__)

_DAYS_AHEAD = 7

_PRUNE = text("""
    DELETE FROM refused_records WHERE kind = 'rejected' AND received_at <= (
        SELECT received_at FROM refused_records WHERE kind = 'rejected'
        ORDER BY received_at DESC OFFSET :kept LIMIT 1
    )
""")


def make_days_ahead(database: Database) -> None:
    """Make the partitions of the coming week, so that booking does not wait for them."""
    today = datetime.now(UTC).date()
    with database.transaction("tollbook_ingest") as connection:
        if is_ours(connection, "make_days_ahead"):
            ensure_call_partitions(
                connection, [today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 1)]
            )


def prune_refused_records(database: Database, *, kept: int) -> None:
    """Forget the oldest evidence of refused records beyond the number that is kept."""
    with database.transaction("tollbook_ingest") as connection:
        if is_ours(connection, "prune_refused_records"):
            pruned = connection.execute(_PRUNE, {"kept": kept}).rowcount
            if pruned:
                log.info("forgot %d refused records beyond the %d that are kept", pruned, kept)


def bound_dead_letters(database: Database, *, kept: int) -> None:
    """Give up dead letters beyond the number that is kept; each one is counted as dropped."""
    with database.transaction("tollbook_ingest") as connection:
        if not is_ours(connection, "bound_dead_letters"):
            return
        dropped = drop_overflow(connection, kept)
    if dropped:
        log.error(
            "gave up %d dead letters beyond the %d that are kept (TOLLBOOK_DEAD_LETTERS_KEPT);"
            " their calls are in no book: mend what refuses them and run"
            " tollbook dead-letters replay --all",
            dropped,
            kept,
        )


def check_books(database: Database) -> None:
    """Hold rollups against the calls of today and yesterday, running totals against rollups.

    And rollups of closed months against their statements with what was adjusted since.
    """
    today = datetime.now(UTC).date()
    with database.transaction("tollbook_ingest") as connection:
        if not is_ours(connection, "check_books"):
            return
        checks = {
            "today's rollups and calls": check_day(connection, "today", today),
            "yesterday's rollups and calls": check_day(
                connection, "yesterday", today - timedelta(days=1)
            ),
            "totals and rollups": check_totals(connection),
            "closed months and what was adjusted of them": check_months(connection),
        }
    for what, off in checks.items():
        if any(off):
            log.error("%s do not agree: off by %d pico-dollars and %d calls", what, *off)
