"""Attaching a later verdict to its call; what was said before stays as history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.errors import AmbiguousCall, NotFound
from ledger.domain.outcomes import Outcome, Recorded
from ledger.queries.outcomes import calls_of_id, outcomes_of_call
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import outcomes
from ledger.storage.tables import tenants

_MOST_LISTED = 10

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def record_outcome(reader: Reader, outcome: Outcome, now: datetime) -> Recorded:
    """Add a verdict to its call's history, once however often the same one is posted.

    The call may come later than its verdict. Raises NotFound for a tenant without any call, and
    AmbiguousCall when several calls have the id and no start says which is meant.
    """
    with reader.connection() as connection:
        # Two posts about one call, such as a client's retry, are taken one after the other.
        connection.execute(_LOCK, {"name": f"tollbook.outcome {outcome.tenant} {outcome.call_id}"})
        _refuse_unknown_tenant(connection, outcome.tenant)
        call_start = _start_of_call(connection, outcome)
        started_at = call_start or outcome.started_at
        given_at = outcome.at or _repeated_at(connection, outcome, started_at) or now
        connection.execute(
            insert(outcomes)
            .values(
                tenant=outcome.tenant,
                call_id=outcome.call_id,
                given_at=given_at,
                outcome_id=outcome.outcome_id,
                started_at=started_at,
                verdict=outcome.verdict,
                value_pico_usd=outcome.value_pico_usd,
                comment=outcome.comment,
            )
            .on_conflict_do_nothing()
        )
        latest = _latest(connection, outcome, started_at)
    return Recorded(
        started_at=started_at,
        at=given_at,
        waiting=call_start is None,
        standing=(latest["given_at"], latest["outcome_id"]) == (given_at, outcome.outcome_id),
    )


def _refuse_unknown_tenant(connection: Connection, tenant: str) -> None:
    known = select(tenants.c.tenant).where(tenants.c.tenant == tenant)
    if connection.execute(known).first() is None:
        raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")


def _start_of_call(connection: Connection, outcome: Outcome) -> datetime | None:
    found = calls_of_id(
        connection,
        tenant=outcome.tenant,
        call_id=outcome.call_id,
        started_at=outcome.started_at,
        limit=_MOST_LISTED + 1,
    )
    if len(found) > 1:
        raise AmbiguousCall(outcome.call_id, found[:_MOST_LISTED])
    start: datetime | None = found[0]["started_at"] if found else None
    return start


def _repeated_at(
    connection: Connection, outcome: Outcome, started_at: datetime | None
) -> datetime | None:
    """When the very same verdict was given that still stands: then this is a retry of it."""
    latest = _latest(connection, outcome, started_at)
    if latest is None or latest["outcome_id"] != outcome.outcome_id:
        return None
    given_at: datetime = latest["given_at"]
    return given_at


def _latest(connection: Connection, outcome: Outcome, started_at: datetime | None) -> Any:
    statement = outcomes_of_call(
        outcomes.c.given_at,
        outcomes.c.outcome_id,
        tenant=outcome.tenant,
        call_id=outcome.call_id,
        started_at=started_at,
    ).limit(1)
    return connection.execute(statement).mappings().first()
