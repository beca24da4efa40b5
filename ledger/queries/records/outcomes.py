"""The verdicts that calls were given after they were booked.

A verdict stays under the name that it was posted for, which is that of one record. Which call the
record became is looked up when the verdict is read, so it cannot matter whether the verdict or
another record came first, nor what is joined and parted later.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, FromClause, Select, or_, select, tuple_, union_all

from ledger.queries.reader import Reader
from ledger.queries.records.names import names_of_calls, records_of_id
from ledger.storage.afterwards_tables import outcomes
from ledger.storage.joining_tables import copies

_MOST_CALLS = 100
"""Whose verdicts are shown with those posted for the id itself."""
_LATEST_FIRST = ("given_at", "recorded_at", "outcome_id")
_SHOWN = ("started_at", "given_at", "verdict", "value_pico_usd", "comment", "recorded_at")


def outcomes_of_call(
    *names: str, tenant: str, call_id: Any, started_at: Any, page: FromClause | None = None
) -> CompoundSelect[tuple[Any, ...]]:
    """Select from the outcomes of one call under all its names, the one that stands first.

    Id and start may be columns of a `page` of calls. An outcome that came before its call and
    names no start belongs to whatever call has a record of its id.
    """
    columns = [outcomes.c[name] for name in dict.fromkeys((*names, *_LATEST_FIRST))]
    own = select(*columns).where(
        outcomes.c.tenant == tenant,
        outcomes.c.call_id == call_id,
        _meant(started_at),
    )
    of_copies = (
        select(*columns)
        .join(copies, copies.c.id == outcomes.c.call_id)
        .where(
            outcomes.c.tenant == tenant,
            copies.c.tenant == tenant,
            copies.c.call_id == call_id,
            copies.c.call_started_at == started_at,
            _meant(copies.c.started_at),
        )
    )
    return _latest_first(union_all(_beside(page, own), _beside(page, of_copies)))


def _meant(started_at: Any) -> Any:
    return or_(outcomes.c.started_at.is_(None), outcomes.c.started_at == started_at)


def _beside(page: FromClause | None, statement: Select[Any]) -> Select[Any]:
    return statement if page is None else statement.correlate(page)


def _latest_first(statement: CompoundSelect[Any]) -> CompoundSelect[Any]:
    return statement.order_by(*(statement.selected_columns[n].desc() for n in _LATEST_FIRST))


def outcome_history(
    reader: Reader, *, tenant: str, call_id: str, limit: int = 1000
) -> list[dict[str, Any]]:
    """Every verdict on calls of an id, the latest first, with the ids they were posted for.

    Whichever of a call's ids is asked for, all of its verdicts are there.
    """
    with reader.connection() as connection:
        records = records_of_id(connection, tenant=tenant, call_id=call_id, most=_MOST_CALLS)
        names = names_of_calls(connection, tenant=tenant, calls=[one.call for one in records])
        statement = (
            select(outcomes.c.call_id.label("id"), *(outcomes.c[name] for name in _SHOWN))
            .where(
                outcomes.c.tenant == tenant,
                outcomes.c.call_id.in_({call_id, *(name for _, name in names)}),
                or_(
                    outcomes.c.call_id == call_id,
                    outcomes.c.started_at.is_(None),
                    tuple_(outcomes.c.started_at, outcomes.c.call_id).in_(names),
                ),
            )
            .order_by(*(outcomes.c[name].desc() for name in _LATEST_FIRST))
            .limit(limit)
        )
        return [dict(row) for row in connection.execute(statement).mappings()]
