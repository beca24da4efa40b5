"""Filling budgets: the calls from before a budget was created are added to its sums, exactly once.

While we have the turn of bookings, the sums are set to nothing and a snapshot of the ledger is
taken. Whatever is booked later adds itself to the sums, and the snapshot holds whatever was booked
before; it is read at leisure, the latest day first, while bookings go on. If that ends half-way,
the next one begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.limits import carried_periods
from ledger.domain.budgets.periods import period_of
from ledger.domain.errors import TollbookError
from ledger.storage.budgets.recount import recounted
from ledger.storage.budgets.stored import read_budgets, standing
from ledger.storage.budgets.sums import Figures, SumKey, add_to_sums
from ledger.storage.budgets.tables import budgets
from ledger.storage.budgets.versions import count_change
from ledger.storage.database import Database, driver_connection
from ledger.storage.turns import TURN

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 20_000
"""Sums that are added in one transaction: bookings of the same quarter-hours wait for it."""

_WAIT = text(f"SELECT {TURN}")
_IS_OURS = text("SELECT pg_try_advisory_xact_lock(hashtextextended('tollbook.fill_budgets', 0))")
_EXPORT = text("SELECT pg_export_snapshot()")
_LIVE_THROUGH = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

_IDS = bindparam("budgets", type_=ARRAY(Uuid))
_BEGIN = text("""
    UPDATE budgets SET fill_id = :fill, complete_from = NULL WHERE budget_id = ANY(:budgets)
""").bindparams(_IDS)
_LOCK = text("""
    SELECT FROM budget_sums WHERE budget_id = ANY(:budgets)
    ORDER BY budget_id, scope_key, starts_at FOR UPDATE
""").bindparams(_IDS)
_FORGET = text("""
    DELETE FROM budget_sums
    WHERE budget_id = ANY(:budgets) AND provisional_pico_usd = 0 AND provisional_tokens = 0
""").bindparams(_IDS)
_TO_NOTHING = text("""
    UPDATE budget_sums SET spent_pico_usd = 0, tokens = 0, calls = 0, unpriced_calls = 0
    WHERE budget_id = ANY(:budgets)
""").bindparams(_IDS)
_FORGET_DAYS = text("DELETE FROM budget_days WHERE budget_id = ANY(:budgets)").bindparams(_IDS)
# A settlement that we cannot see yet may add to the same day at this moment: both count.
_DAYS_ANEW = text("""
    INSERT INTO budget_days AS days (budget_id, scope_key, day, used_pico_usd, used_tokens)
    SELECT budget_id, scope_key, (starts_at AT TIME ZONE 'UTC')::date AS on_day,
        sum(spent_pico_usd + provisional_pico_usd), sum(tokens + provisional_tokens)::bigint
    FROM budget_sums WHERE budget_id = ANY(:budgets)
    GROUP BY budget_id, scope_key, on_day ORDER BY budget_id, scope_key, on_day
    ON CONFLICT (budget_id, scope_key, day) DO UPDATE SET
        used_pico_usd = days.used_pico_usd + excluded.used_pico_usd,
        used_tokens = days.used_tokens + excluded.used_tokens
""").bindparams(_IDS)

_STILL_OURS = text("SELECT FROM budgets WHERE fill_id = :fill ORDER BY budget_id FOR UPDATE")
_COMPLETE_FROM = text("UPDATE budgets SET complete_from = :start WHERE fill_id = :fill")
_FILLED = text("UPDATE budgets SET filled_at = now(), fill_id = NULL WHERE fill_id = :fill")

_DAYS = text("""
    SELECT to_date(right(relname, 8), 'YYYYMMDD') AS day
    FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
    WHERE inhparent = 'calls'::regclass AND relname ~ '^calls_[0-9]{8}$'
    UNION
    SELECT DISTINCT (started_at AT TIME ZONE 'UTC')::date FROM corrections
    ORDER BY day DESC
""")


class _TakenOver(TollbookError):
    """Another process has begun the same anew, since ours seemed to have ended."""


def fill_budgets(database: Database) -> int:
    """Fill all budgets that wait for it, together; returns how many were filled.

    None are when another process is at it. Raises LedgerUnavailable; then it is begun anew later.
    """
    with database.transaction("tollbook_ingest") as reading:
        reading.execute(_LIVE_THROUGH)
        fill = uuid4()
        waiting = _begin(database, reading, fill)
        # Who reads has the turn of filling until the end, or until the connection is lost.
        if not waiting or not reading.execute(_IS_OURS).scalar_one():
            return 0
        try:
            _add_days(database, reading, waiting, fill)
        except _TakenOver:
            log.info("another process took over filling budgets")
            return 0
    with database.transaction("tollbook_ingest") as writing:
        # Whoever changes budgets counts the change first: one order of locks for all.
        count_change(writing)
        return writing.execute(_FILLED, {"fill": fill}).rowcount


def _begin(database: Database, reading: Connection, fill: UUID) -> list[Budget]:
    """Bring the sums to nothing and `reading` to that moment; returns the budgets to be filled."""
    with database.transaction("tollbook_ingest") as turn:
        if not turn.execute(_IS_OURS).scalar_one():
            return []
        turn.execute(_WAIT)
        waiting = read_budgets(turn, standing().where(budgets.c.filled_at.is_(None)))
        if not waiting:
            return []
        ids = {"budgets": [budget.budget_id for budget in waiting]}
        turn.execute(_BEGIN, {**ids, "fill": fill})
        for statement in (_LOCK, _FORGET, _TO_NOTHING, _FORGET_DAYS, _DAYS_ANEW):
            turn.execute(statement, ids)
        snapshot = turn.execute(_EXPORT).scalar_one()
        # A snapshot can only be shared while the transaction that took it lives.
        driver_connection(reading).execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
    return waiting


def _add_days(
    database: Database, reading: Connection, waiting: Sequence[Budget], fill: UUID
) -> None:
    """Add what every day holds, and tell when all that periods of now look at is there."""
    needed = min(_looks_back_to(budget, datetime.now(UTC)) for budget in waiting)
    told = False
    for day in reading.execute(_DAYS).scalars().all():
        start = _midnight(day)
        found: dict[SumKey, Figures] = {}
        for key, figures in recounted(reading, waiting, start, start + timedelta(days=1)):
            _into(found, key, figures)
            if len(found) >= _MOST_AT_ONCE:
                _add(database, fill, found)
                found = {}
        _add(database, fill, found, complete_from=start)
        if start <= needed and not told:
            _tell(database)
            told = True


def _add(
    database: Database,
    fill: UUID,
    found: dict[SumKey, Figures],
    *,
    complete_from: datetime | None = None,
) -> None:
    with database.transaction("tollbook_ingest") as writing:
        if writing.execute(_STILL_OURS, {"fill": fill}).first() is None:
            raise _TakenOver
        add_to_sums(driver_connection(writing), found)
        if complete_from is not None:
            writing.execute(_COMPLETE_FROM, {"fill": fill, "start": complete_from})


def _tell(database: Database) -> None:
    with database.transaction("tollbook_ingest") as writing:
        count_change(writing)


def _looks_back_to(budget: Budget, now: datetime) -> datetime:
    period = period_of(budget, now)
    return next(iter(carried_periods(budget, period)), period).start


def _into(found: dict[SumKey, Figures], key: SumKey, added: Figures) -> None:
    figures = found.setdefault(key, Figures())
    figures.spent_pico_usd += added.spent_pico_usd
    figures.tokens += added.tokens
    figures.calls += added.calls
    figures.unpriced_calls += added.unpriced_calls


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
