"""The verdicts that calls were given after they were booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, column, exists, or_, select, table

from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import outcomes
from ledger.storage.joining_tables import copies
from ledger.storage.tables import series

current_calls = table(
    "current_calls", *(column(name) for name in ("tenant", "started_at", "id", "series_id"))
)


def calls_of_id(
    connection: Connection, *, tenant: str, call_id: str, started_at: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """Booked calls with an id, newest first; with `started_at` the one that starts then.

    That may be the start of a record that was joined with another of the same id: then the call is
    meant that they became.
    """
    statement = (
        select(current_calls.c.started_at, series.c.provider, series.c.model)
        .join(series, series.c.series_id == current_calls.c.series_id)
        .where(
            current_calls.c.tenant == tenant,
            current_calls.c.id == call_id,
            series.c.tenant == tenant,
        )
        .order_by(current_calls.c.started_at.desc())
        .limit(limit)
    )
    if started_at is not None:
        statement = statement.where(
            or_(
                current_calls.c.started_at == started_at,
                _was_joined(tenant, started_at, current_calls.c.id),
            )
        )
    return [dict(row) for row in connection.execute(statement).mappings()]


def outcomes_of_call(
    *columns: Any, tenant: str, call_id: Any, started_at: Any
) -> Select[tuple[Any, ...]]:
    """Select from the outcomes of one call, the one that stands first.

    An outcome that came before its call and names no start belongs to whatever call has its id.
    """
    return (
        select(*columns)
        .where(
            outcomes.c.tenant == tenant,
            outcomes.c.call_id == call_id,
            or_(
                outcomes.c.started_at.is_(None),
                outcomes.c.started_at == started_at,
                _was_joined(tenant, outcomes.c.started_at, outcomes.c.call_id),
            ),
        )
        .order_by(
            outcomes.c.given_at.desc(), outcomes.c.recorded_at.desc(), outcomes.c.outcome_id.desc()
        )
    )


def _was_joined(tenant: str, started_at: Any, call_id: Any) -> ColumnElement[bool]:
    """Whether there is a record of this start and id that became part of a call."""
    return exists().where(
        copies.c.tenant == tenant, copies.c.started_at == started_at, copies.c.id == call_id
    )


def outcome_history(
    reader: Reader, *, tenant: str, call_id: str, limit: int = 1000
) -> list[dict[str, Any]]:
    """Every verdict on calls of an id, the latest first."""
    statement = (
        select(
            outcomes.c.started_at,
            outcomes.c.given_at,
            outcomes.c.verdict,
            outcomes.c.value_pico_usd,
            outcomes.c.comment,
            outcomes.c.recorded_at,
        )
        .where(outcomes.c.tenant == tenant, outcomes.c.call_id == call_id)
        .order_by(
            outcomes.c.given_at.desc(), outcomes.c.recorded_at.desc(), outcomes.c.outcome_id.desc()
        )
        .limit(limit)
    )
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]
