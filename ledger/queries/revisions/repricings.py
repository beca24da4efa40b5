"""Re-pricings and what they change, by tenant, model and day."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import select, tuple_

from ledger.domain.errors import NotFound
from ledger.domain.revisions.repricing import Place, Repricing, wanted_of
from ledger.queries.reader import Reader
from ledger.storage.revisions.revision_tables import repricing_differences, repricings

DifferenceCursor = tuple[str, date, str]

_differences = repricing_differences
_KEY = (_differences.c.tenant, _differences.c.day, _differences.c.model)


def list_repricings(
    reader: Reader, *, tenant: str | None = None, before: int | None = None, limit: int = 100
) -> list[Repricing]:
    """Re-pricings, the latest first, those before a number."""
    statement = select(repricings).order_by(repricings.c.repricing_id.desc()).limit(limit)
    if tenant is not None:
        statement = statement.where(repricings.c.tenant == tenant)
    if before is not None:
        statement = statement.where(repricings.c.repricing_id < before)
    with reader.connection() as connection:
        return [_repricing(row) for row in connection.execute(statement).mappings()]


def repricing_of(reader: Reader, repricing_id: int) -> Repricing:
    """One re-pricing. Raises NotFound."""
    statement = select(repricings).where(repricings.c.repricing_id == repricing_id)
    with reader.connection() as connection:
        row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound(f"there is no re-pricing {repricing_id}")
    return _repricing(row)


def differences_of(
    reader: Reader, repricing_id: int, *, after: DifferenceCursor | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """What a re-pricing changes by tenant, day and model, those after a cursor."""
    statement = (
        select(*(column for column in _differences.c if column.name != "repricing_id"))
        .where(_differences.c.repricing_id == repricing_id)
        .order_by(*_KEY)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*_KEY) > tuple_(*after))
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _repricing(row: Any) -> Repricing:
    return Repricing(
        repricing_id=row["repricing_id"],
        wanted=wanted_of(row),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        state=row["state"],
        place=row["cursor"] and msgspec.convert(_place(row["cursor"]), Place | None),
        calls_seen=row["calls_seen"],
        calls_changed=row["calls_changed"],
        before_pico_usd=int(row["before_pico_usd"]),
        after_pico_usd=int(row["after_pico_usd"]),
        failure=row["failure"],
        finished_at=row["finished_at"],
    )


def _place(cursor: dict[str, Any]) -> list[Any] | None:
    if cursor["started_at"] is None:
        return None
    return [cursor["tenant"], cursor["started_at"], cursor["id"]]
