"""Giving back what expired, and forgetting reservations that ended long ago."""

from __future__ import annotations

from sqlalchemy import text

from ledger.commands.reservations.group import Group
from ledger.commands.reservations.locking import AccountsMade, Overtaken
from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.reservations.commands import Expire
from ledger.domain.reservations.reservation import EXPIRED, Reservation
from ledger.storage.database import Database

_MOST_AT_ONCE = 500
_ATTEMPTS = 5

_DUE = text("""
    SELECT reservation_id FROM reservations WHERE state = 'held' AND expires_at <= now()
    ORDER BY expires_at LIMIT :most
""")
_FORGET = text("""
    WITH old AS (
        DELETE FROM reservations WHERE reservation_id IN (
            SELECT reservation_id FROM reservations
            WHERE expires_at < now() - make_interval(hours => :hours)
                AND (state IN ('released', 'expired', 'booked')
                    OR expires_at < now() - make_interval(hours => :settled_hours))
                AND state <> 'held'
            LIMIT :most
        )
        RETURNING reservation_id
    ), holds AS (
        DELETE FROM reservation_holds WHERE reservation_id IN (SELECT reservation_id FROM old)
    )
    SELECT count(*) FROM old
""")


def sweep_expired(database: Database, *, deadline_seconds: float | None = None) -> int:
    """Give back all holds whose time is up; returns how many there were. Raises LedgerUnavailable.

    Locks each account in the order that everybody keeps, some hundred reservations at a time.
    """
    swept, due = 0, _MOST_AT_ONCE
    while due == _MOST_AT_ONCE:
        with database.transaction(
            "tollbook_ingest", deadline_seconds=deadline_seconds
        ) as connection:
            ids = connection.execute(_DUE, {"most": _MOST_AT_ONCE}).scalars().all()
        due = len(ids)
        if ids:
            swept += _expire(
                database, Group([Expire(one) for one in ids], KnownBudgets()), deadline_seconds
            )
    return swept


def forget_ended(database: Database, *, hours: int, settled_hours: int, most: int = 5_000) -> int:
    """Forget some reservations that ended so long ago; of settled ones the call may still come.

    Returns how many were forgotten; fewer than `most` means that there are no more.
    """
    with database.transaction("tollbook_ingest") as connection:
        parameters = {"hours": hours, "settled_hours": settled_hours, "most": most}
        return int(connection.execute(_FORGET, parameters).scalar_one())


def _expire(database: Database, group: Group, deadline_seconds: float | None) -> int:
    for _ in range(_ATTEMPTS):
        try:
            answers = group.decide(database, AccountsMade(), deadline_seconds=deadline_seconds)
        except Overtaken:
            continue
        return sum(isinstance(one, Reservation) and one.state == EXPIRED for one in answers)
    return 0
