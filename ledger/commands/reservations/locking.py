"""Locks in the one order that everybody keeps: accounts of budgets, then reservations, then sums.

The accounts a reservation holds in never change, so they can be read before anything is locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from ledger.domain.budgets.budget import Bucket
from ledger.domain.reservations.reservation import Quantity, Reservation
from ledger.storage.budgets.arrays import array, columns
from ledger.storage.budgets.versions import BUDGETS

_HOLDS = """
    SELECT reservation_id, h.budget_id, h.scope_key, h.pico_usd, h.tokens
    FROM reservations LEFT JOIN reservation_holds AS h USING (reservation_id)
    WHERE reservation_id = ANY (%s::uuid[])
"""
_MAKE_ACCOUNTS = """
    INSERT INTO budget_states (budget_id, scope_key)
    SELECT * FROM unnest(%s::uuid[], %s::text[]) AS wanted (budget_id, scope_key)
    ORDER BY budget_id, scope_key
    ON CONFLICT DO NOTHING
"""
_LOCK_ACCOUNTS = """
    SELECT budget_id, scope_key FROM budget_states
    JOIN unnest(%s::uuid[], %s::text[]) AS wanted (budget_id, scope_key)
        USING (budget_id, scope_key)
    ORDER BY budget_id, scope_key FOR UPDATE OF budget_states
"""
_LOCK_RESERVATIONS = """
    SELECT reservation_id, tenant, created_at, expires_at, amount_pico_usd, amount_tokens,
        dimensions, state, settled_pico_usd, settled_tokens, settled_at, is_over_hold,
        admitted_without_ledger
    FROM reservations WHERE reservation_id = ANY (%s::uuid[]) ORDER BY reservation_id FOR UPDATE
"""
_NOW = """
    SELECT clock_timestamp(),
        (SELECT version FROM configuration_versions WHERE subject = %s)
"""

Driver = psycopg.Connection[Any]


class Overtaken(Exception):
    """Something appeared between looking and locking; all has to be done again."""


@dataclass
class Locked:
    """What is locked until the transaction ends, as it stands."""

    now: datetime
    budgets_version: int
    reservations: list[Reservation] = field(default_factory=list)


class AccountsMade:
    """The accounts that this process knows to have a row."""

    def __init__(self, most: int = 500_000) -> None:
        self._made: set[Bucket] = set()
        self._most = most

    def missing(self, buckets: Iterable[Bucket]) -> list[Bucket]:
        """Those that may have none."""
        return [bucket for bucket in buckets if bucket not in self._made]

    def note(self, buckets: Iterable[Bucket]) -> None:
        """Remember that these have one; to be called after the commit."""
        if len(self._made) > self._most:
            self._made.clear()
        self._made.update(buckets)

    def forget(self) -> None:
        """Know nothing: the ledger is not the one it was."""
        self._made.clear()


def holds_of(driver: Driver, ids: Iterable[UUID]) -> dict[UUID, dict[Bucket, Quantity]]:
    """The accounts that reservations hold in; those that do not exist are left out."""
    holds: dict[UUID, dict[Bucket, Quantity]] = {}
    for one, budget_id, scope_key, pico_usd, tokens in driver.execute(_HOLDS, (array(ids),)):
        of_one = holds.setdefault(one, {})
        if budget_id is not None:
            of_one[Bucket(budget_id, scope_key)] = Quantity(int(pico_usd), tokens)
    return holds


def lock(
    driver: Driver,
    buckets: Iterable[Bucket],
    missing: Iterable[Bucket],
    ids: Iterable[UUID],
    holds: dict[UUID, dict[Bucket, Quantity]],
) -> Locked:
    """Lock accounts and reservations; `missing` are accounts whose rows may have to be made.

    Raises Overtaken when a reservation, or an account, is not what was known of it.
    """
    wanted, unmade, known = sorted(buckets), sorted(missing), list(ids)
    rows: list[Any] = []
    with driver.pipeline():
        if unmade:
            driver.execute(_MAKE_ACCOUNTS, written(unmade))
        accounts = driver.execute(_LOCK_ACCOUNTS, written(wanted)) if wanted else None
        found = driver.execute(_LOCK_RESERVATIONS, (array(known),)) if known else None
        clock = driver.execute(_NOW, (BUDGETS,))
        if accounts is not None and len(accounts.fetchall()) < len(wanted):
            raise Overtaken
        if found is not None:
            rows = found.fetchall()
        row = clock.fetchone()
    assert row is not None
    locked = Locked(row[0].astimezone(UTC), row[1] or 0)
    for row in rows:
        if row[0] not in holds:
            raise Overtaken
        locked.reservations.append(_reservation(row, holds[row[0]]))
    return locked


def written(buckets: Iterable[Bucket]) -> list[str]:
    """Accounts as two arrays, of their budgets and of their keys."""
    rows = [(one.budget_id, one.scope_key) for one in buckets]
    return columns(rows) if rows else [array(()), array(())]


def _reservation(row: Any, holds: dict[Bucket, Quantity]) -> Reservation:
    settled_at = row[10]
    return Reservation(
        reservation_id=row[0],
        tenant=row[1],
        created_at=row[2],
        expires_at=row[3],
        amount=Quantity(int(row[4]), row[5]),
        dimensions=row[6],
        state=row[7],
        settled=None if settled_at is None else Quantity(int(row[8]), row[9]),
        settled_at=settled_at,
        is_over_hold=row[11],
        is_unverified=row[12],
        holds=holds,
    )
