"""Attaching a later verdict to its call; what was said before stays as history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.errors import AmbiguousCall, NotFound
from ledger.domain.outcomes import Outcome, Recorded
from ledger.queries.reader import Reader
from ledger.queries.records.names import Named, described, record_named, records_of_id
from ledger.queries.records.outcomes import outcomes_of_call
from ledger.storage.afterwards_tables import outcomes
from ledger.storage.tables import tenants

_MOST_LISTED = 10

_Call = tuple[datetime | None, str]
"""Start and id; the start is None while the call is awaited and its start is not known."""

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
        record = _record(connection, outcome)
        call = record.call if record else (outcome.started_at, outcome.call_id)
        given_at = outcome.at or _repeated_at(connection, outcome, call) or now
        connection.execute(
            insert(outcomes)
            .values(
                tenant=outcome.tenant,
                call_id=outcome.call_id,
                given_at=given_at,
                outcome_id=outcome.outcome_id,
                started_at=record.started_at if record else outcome.started_at,
                verdict=outcome.verdict,
                value_pico_usd=outcome.value_pico_usd,
                comment=outcome.comment,
            )
            .on_conflict_do_nothing()
        )
        latest = _latest(connection, outcome.tenant, call)
    return Recorded(
        started_at=call[0],
        call_id=record.call_id if record else None,
        at=given_at,
        waiting=record is None,
        # None: a booking has just made the record part of another call, where it may stand.
        standing=latest is None
        or (latest["given_at"], latest["outcome_id"]) == (given_at, outcome.outcome_id),
    )


def _refuse_unknown_tenant(connection: Connection, tenant: str) -> None:
    known = select(tenants.c.tenant).where(tenants.c.tenant == tenant)
    if connection.execute(known).first() is None:
        raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")


def _record(connection: Connection, outcome: Outcome) -> Named | None:
    """The record that the outcome is about, with the call it became."""
    tenant, call_id = outcome.tenant, outcome.call_id
    if outcome.started_at is not None:
        return record_named(
            connection, tenant=tenant, call_id=call_id, started_at=outcome.started_at
        )
    found = records_of_id(connection, tenant=tenant, call_id=call_id, most=_MOST_LISTED)
    if len(found) > 1:
        raise AmbiguousCall(call_id, described(connection, tenant=tenant, records=found))
    return found[0] if found else None


def _repeated_at(connection: Connection, outcome: Outcome, call: _Call) -> datetime | None:
    """When the very same verdict was given that still stands: then this is a retry of it."""
    latest = _latest(connection, outcome.tenant, call)
    if latest is None or latest["outcome_id"] != outcome.outcome_id:
        return None
    given_at: datetime = latest["given_at"]
    return given_at


def _latest(connection: Connection, tenant: str, call: _Call) -> Any:
    started_at, call_id = call
    statement = outcomes_of_call(tenant=tenant, call_id=call_id, started_at=started_at).limit(1)
    return connection.execute(statement).mappings().first()
