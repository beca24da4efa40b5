"""What has to be done regularly: days made ahead, evidence kept bounded, the books checked."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from ledger.commands.dead_letters import drop_overflow
from ledger.storage.database import Database
from ledger.storage.partitions import ensure_call_partitions
from ledger.storage.self_check import check_day, check_totals

log = logging.getLogger(__name__)

_DAYS_AHEAD = 7

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:job, 0))")
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
        if _is_ours(connection, "make_days_ahead"):
            ensure_call_partitions(
                connection, [today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD + 1)]
            )


def prune_refused_records(database: Database, *, kept: int) -> None:
    """Forget the oldest evidence of refused records beyond the number that is kept."""
    with database.transaction("tollbook_ingest") as connection:
        if _is_ours(connection, "prune_refused_records"):
            pruned = connection.execute(_PRUNE, {"kept": kept}).rowcount
            if pruned:
                log.info("forgot %d refused records beyond the %d that are kept", pruned, kept)


def bound_dead_letters(database: Database, *, kept: int) -> None:
    """Give up dead letters beyond the number that is kept; each one is counted as dropped."""
    with database.transaction("tollbook_ingest") as connection:
        if not _is_ours(connection, "bound_dead_letters"):
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
    """Hold rollups against the calls of today and yesterday, and running totals against rollups."""
    today = datetime.now(UTC).date()
    with database.transaction("tollbook_ingest") as connection:
        if not _is_ours(connection, "check_books"):
            return
        drift = [
            check_day(connection, "today", today),
            check_day(connection, "yesterday", today - timedelta(days=1)),
            check_totals(connection),
        ]
    if any(drift):
        log.error("the books do not agree: off by %s pico-dollars", drift)


def _is_ours(connection: Connection, job: str) -> bool:
    """Whether no other process is doing this job at the moment."""
    return bool(connection.execute(_LOCK, {"job": f"tollbook.{job}"}).scalar_one())
