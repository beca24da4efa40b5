"""How far re-pricings have come, kept in the transaction of each page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from exporters.postgres.revisions.changes import Changes
from exporters.postgres.revisions.pages import CallPlace
from ledger.domain.revisions.repricing import EVERY_TENANT, Wanted, wanted_of

# One after the other, as overlapping ones would mix. Whoever works on it holds its row.
_NEXT = """
    SELECT * FROM repricings WHERE repricing_id = (
        SELECT min(repricing_id) FROM repricings WHERE state = 'running'
    ) AND (dry_run OR requested_at <= clock_timestamp() - %s::interval)
    FOR UPDATE SKIP LOCKED
"""
_TENANT = """
    SELECT tenant, time_zone, rollup_seconds FROM tenants
    WHERE tenant {} %s AND (%s = '*' OR tenant = %s) ORDER BY tenant LIMIT 1
"""
_GO_ON = """
    UPDATE repricings SET cursor = %s, calls_seen = calls_seen + %s,
        calls_changed = calls_changed + %s, before_pico_usd = before_pico_usd + %s,
        after_pico_usd = after_pico_usd + %s
    WHERE repricing_id = %s
"""
_END = """
    UPDATE repricings SET state = %s, failure = %s, finished_at = clock_timestamp()
    WHERE repricing_id = %s AND state = 'running'
"""


class Cursor(msgspec.Struct, frozen=True):
    """Up to where it has come: all tenants before this one, and this one's calls to a place."""

    tenant: str
    started_at: datetime | None = None
    id: str = ""

    @property
    def place(self) -> CallPlace | None:
        """The last call of the tenant that was looked at; None: none yet."""
        return None if self.started_at is None else (self.started_at, self.id)


class Standing(NamedTuple):
    """A re-pricing that goes on."""

    repricing_id: int
    wanted: Wanted
    priced_as_of: datetime
    cursor: Cursor


class Owner(NamedTuple):
    """The tenant whose calls come next."""

    tenant: str
    time_zone: str
    rollup_seconds: int


def next_standing(connection: psycopg.Connection[Any], rest: timedelta) -> Standing | None:
    """The oldest re-pricing that goes on; None when others work on it, or it is too young."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_NEXT, (rest,)).fetchone()
    if row is None:
        return None
    wanted = wanted_of(row)
    place = msgspec.convert(row["cursor"] or {"tenant": ""}, Cursor)
    return Standing(row["repricing_id"], wanted, wanted.known_at or row["requested_at"], place)


def owner_at(connection: psycopg.Connection[Any], standing: Standing) -> Owner | None:
    """The tenant that the cursor stands at, or the next one that there is."""
    only = standing.wanted.tenant
    row = connection.execute(_TENANT.format(">="), (standing.cursor.tenant, only, only)).fetchone()
    return None if row is None else Owner(*row)


def note_page(
    connection: psycopg.Connection[Any], standing: Standing, owner: Owner, changes: Changes
) -> None:
    """Keep what a page brought and where to go on; the re-pricing is done after the last one."""
    cursor = _cursor_after(connection, standing, owner, changes)
    connection.execute(
        _GO_ON,
        (
            None if cursor is None else Jsonb(msgspec.to_builtins(cursor)),
            changes.calls_seen,
            len(changes.changed),
            changes.before_pico_usd,
            changes.after_pico_usd,
            standing.repricing_id,
        ),
    )
    if cursor is None:
        end(connection, standing.repricing_id, "done")


def end(
    connection: psycopg.Connection[Any], repricing_id: int, state: str, failure: str | None = None
) -> None:
    """Say that a re-pricing is over, if it still goes on."""
    connection.execute(_END, (state, failure, repricing_id))


def _cursor_after(
    connection: psycopg.Connection[Any], standing: Standing, owner: Owner, changes: Changes
) -> Cursor | None:
    if changes.last is not None:
        return Cursor(owner.tenant, *changes.last)
    if standing.wanted.tenant != EVERY_TENANT:
        return None
    row = connection.execute(_TENANT.format(">"), (owner.tenant, EVERY_TENANT, "")).fetchone()
    return None if row is None else Cursor(row[0])
