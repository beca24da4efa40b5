"""Single calls of one tenant as they stand now: corrected, and with their latest outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Table, select, true, tuple_, union_all

from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.queries.reader import Reader
from ledger.queries.records.outcomes import outcomes_of_call
from ledger.queries.revisions.as_of import corrected, never_corrected
from ledger.storage.tables import calls, corrections, series

Cursor = tuple[datetime, str]


class _Bounds(NamedTuple):
    tenant: str
    start: datetime | None
    end: datetime | None
    before: Cursor | None
    limit: int


def list_calls(
    reader: Reader,
    *,
    tenant: str,
    start: datetime | None = None,
    end: datetime | None = None,
    before: Cursor | None = None,
    limit: int = 100,
    as_of: datetime | None = None,
) -> list[dict[str, Any]]:
    """Calls with dimensions, cost and outcome, those before a cursor of (started_at, id).

    The same rows as the view `current_calls`, of which Postgres would sort all of a tenant's for
    every page; here each half is read in the order of its key and ends at the limit. With `as_of`
    as the entries booked until then say; verdicts are those of now.
    """
    bounds = _Bounds(tenant, start, end, before, limit)
    halves = (
        _page(never_corrected(tenant, as_of), calls, bounds),
        _page(corrected(tenant, as_of), corrections, bounds),
    )
    current = union_all(*(select(half.subquery()) for half in halves)).subquery("current")
    verdict = outcomes_of_call(
        "verdict",
        "value_pico_usd",
        "comment",
        tenant=tenant,
        call_id=current.c.id,
        started_at=current.c.started_at,
        page=current,
    )
    outcome = verdict.limit(1).lateral("outcome")
    statement = (
        select(
            current,
            *(series.c[name] for name in SERIES_DIMENSIONS),
            outcome.c.verdict.label("outcome_verdict"),
            outcome.c.value_pico_usd.label("outcome_value_pico_usd"),
            outcome.c.given_at.label("outcome_at"),
            outcome.c.comment.label("outcome_comment"),
        )
        .join(series, series.c.series_id == current.c.series_id)
        .join(outcome, true(), isouter=True)
        .where(series.c.tenant == tenant)
        .order_by(current.c.started_at.desc(), current.c.id.desc())
        .limit(limit)
    )
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _page(statement: Select[Any], source: Table, bounds: _Bounds) -> Select[Any]:
    key = source.c.started_at, source.c.id
    statement = statement.where(source.c.tenant == bounds.tenant)
    if bounds.start is not None:
        statement = statement.where(source.c.started_at >= bounds.start)
    if bounds.end is not None:
        statement = statement.where(source.c.started_at < bounds.end)
    if bounds.before is not None:
        statement = statement.where(tuple_(*key) < tuple_(*bounds.before))
    return statement.order_by(*(column.desc() for column in key)).limit(bounds.limit)
