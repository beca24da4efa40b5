"""Records that were not booked: rejected ones, newest first, and dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, select, tuple_

from ledger.domain.dead_letters import Letter, LetterKey
from ledger.queries.reader import Reader
from ledger.storage.tables import refused_records

Cursor = tuple[datetime, UUID]
Kind = Literal["rejected", "dead_lettered"]

_table = refused_records
_REJECTED = (
    "tenant", "received_at", "record_id", "receiver", "position", "path", "reason", "payload",
)  # fmt: skip
_DEAD_LETTERED = (
    "tenant", "received_at", "record_id", "receiver", "reason", "call_id", "started_at",
    "replayable",
)  # fmt: skip


class RefusedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which refused records are meant; what is None does not matter."""

    tenant: str | None = None
    """The empty text is meant literally: records whose tenant could not be read."""
    receiver: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    """Exclusive."""
    reason: str | None = None
    """A part of the reason, in any case."""
    record_ids: tuple[UUID, ...] | None = None


def list_refused(
    reader: Reader,
    kind: Kind,
    wanted: RefusedFilter = RefusedFilter(),  # noqa: B008 - frozen
    *,
    before: Cursor | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Records of one kind, newest first, those before a cursor of (received_at, record_id).

    Rejected ones with their evidence; dead letters without the call they hold.
    """
    names = _REJECTED if kind == "rejected" else _DEAD_LETTERED
    columns: list[ColumnElement[Any]] = [_table.c[name] for name in names]
    if kind == "dead_lettered":
        columns.append(func.octet_length(_table.c.payload).label("payload_bytes"))
    statement = (
        select(*columns)
        .where(matching(kind, wanted))
        .order_by(_table.c.received_at.desc(), _table.c.record_id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(
            tuple_(_table.c.received_at, _table.c.record_id) < tuple_(*before)
        )
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def dead_letter(reader: Reader, record_id: UUID) -> dict[str, Any] | None:
    """One dead letter with the call it holds as JSON text, or None."""
    columns = [_table.c[name] for name in (*_DEAD_LETTERED, "payload")]
    wanted = RefusedFilter(record_ids=(record_id,))
    statement = select(*columns).where(matching("dead_lettered", wanted))
    with reader.connection() as connection:
        rows = connection.execute(statement).mappings()
        return next((dict(row) for row in rows), None)


def letters_to_replay(
    reader: Reader,
    wanted: RefusedFilter,
    *,
    until: datetime,
    after: Cursor | None = None,
    limit: int = 500,
) -> list[Letter]:
    """Replayable letters kept until a moment, oldest first, those after a cursor."""
    columns = [_table.c[name] for name in LetterKey.__struct_fields__]
    statement = (
        select(*columns, _table.c.payload)
        .where(
            matching("dead_lettered", wanted),
            _table.c.replayable,
            _table.c.received_at <= until,
        )
        .order_by(_table.c.received_at, _table.c.record_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(
            tuple_(_table.c.received_at, _table.c.record_id) > tuple_(*after)
        )
    with reader.connection() as connection:
        return [
            Letter(LetterKey(*row[:-1]), row.payload or "") for row in connection.execute(statement)
        ]


def count_letters(reader: Reader, wanted: RefusedFilter) -> tuple[int, int, datetime]:
    """How many letters match, how many of them can be replayed, and the database's time."""
    statement = select(
        func.count(), func.count().filter(_table.c.replayable), func.statement_timestamp()
    ).where(matching("dead_lettered", wanted))
    with reader.connection() as connection:
        letters, replayable, now = connection.execute(statement).one()
    return letters, replayable, now


def matching(kind: Kind, wanted: RefusedFilter) -> ColumnElement[bool]:
    """The condition on `refused_records` that a filter means."""
    conditions = [_table.c.kind == kind]
    if wanted.tenant is not None:
        conditions.append(_table.c.tenant == wanted.tenant)
    if wanted.receiver is not None:
        conditions.append(_table.c.receiver == wanted.receiver)
    if wanted.start is not None:
        conditions.append(_table.c.received_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(_table.c.received_at < wanted.end)
    if wanted.reason is not None:
        conditions.append(_table.c.reason.icontains(wanted.reason, autoescape=True))
    if wanted.record_ids is not None:
        conditions.append(_table.c.record_id.in_(wanted.record_ids))
    return and_(*conditions)
