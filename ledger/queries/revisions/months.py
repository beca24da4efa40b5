"""Closed months and statements: what a month came to, and what was adjusted in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from ledger.domain.errors import NotFound
from ledger.domain.revisions.months import month_bounds
from ledger.queries.reader import Reader
from ledger.storage.revisions.revision_tables import closed_months, month_adjustments
from ledger.storage.tables import rollups, tenants

Cursor = tuple[str, date]


class Figures(msgspec.Struct, frozen=True):
    """What calls come to; of adjustments any may be negative."""

    calls: int
    unpriced_calls: int
    estimated_calls: int
    cost_pico_usd: int

    def plus(self, other: Figures) -> Figures:
        """The sum of both."""
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Figures(*(one + two for one, two in zip(mine, theirs, strict=True)))


_NAMES = Figures.__struct_fields__


class ClosedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month as it was closed."""

    tenant: str
    month: date
    """Its first day."""
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    closed_at: datetime
    closed_by: str
    figures: Figures

    def as_row(self) -> dict[str, Any]:
        """Its columns."""
        row = msgspec.structs.asdict(self)
        return row | msgspec.structs.asdict(row.pop("figures"))


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged for a month: its usage, and adjustments of months closed earlier."""

    tenant: str
    month: date
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    closed: ClosedMonth | None
    """None: the month is open, and its usage may still change."""
    usage: Figures
    adjustments: list[tuple[date, Figures]]
    """By the month whose usage changed."""

    @property
    def total(self) -> Figures:
        """Usage and adjustments together."""
        total = self.usage
        for _, figures in self.adjustments:
            total = total.plus(figures)
        return total


def list_closed(
    reader: Reader, *, tenant: str | None = None, after: Cursor | None = None, limit: int = 100
) -> list[ClosedMonth]:
    """Closed months by tenant and month, those after a cursor."""
    table = closed_months
    statement = select(table).order_by(table.c.tenant, table.c.month).limit(limit)
    if tenant is not None:
        statement = statement.where(table.c.tenant == tenant)
    if after is not None:
        statement = statement.where(tuple_(table.c.tenant, table.c.month) > tuple_(*after))
    with reader.connection() as connection:
        return [_closed(row) for row in connection.execute(statement).mappings()]


def statement_of(reader: Reader, *, tenant: str, month: date) -> Statement:
    """The statement of a tenant's month. Raises NotFound for an unknown tenant."""
    with reader.connection() as connection:
        zone_name = connection.execute(
            select(tenants.c.time_zone).where(tenants.c.tenant == tenant)
        ).scalar_one_or_none()
        if zone_name is None:
            raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")
        closed = closed_month(connection, tenant, month)
        bounds = month_bounds(month, zone_name)
        if closed is not None:
            zone_name, bounds = closed.time_zone, (closed.starts_at, closed.ends_at)
        return Statement(
            tenant=tenant,
            month=month,
            time_zone=zone_name,
            starts_at=bounds[0],
            ends_at=bounds[1],
            closed=closed,
            usage=closed.figures if closed else usage_between(connection, tenant, bounds),
            adjustments=_adjustments(connection, tenant, month),
        )


def closed_month(connection: Connection, tenant: str, month: date) -> ClosedMonth | None:
    """A month as it was closed; None when it is open."""
    table = closed_months
    statement = select(table).where(table.c.tenant == tenant, table.c.month == month)
    row = connection.execute(statement).mappings().first()
    return None if row is None else _closed(row)


def usage_between(
    connection: Connection, tenant: str, bounds: tuple[datetime, datetime]
) -> Figures:
    """What a tenant's calls come to between bounds that rollups begin and end at."""
    sums: list[ColumnElement[Any]] = [
        func.coalesce(func.sum(rollups.c[name]), 0) for name in _NAMES
    ]
    statement = select(*sums).where(
        rollups.c.tenant == tenant,
        rollups.c.starts_at >= bounds[0],
        rollups.c.starts_at < bounds[1],
    )
    return Figures(*map(int, connection.execute(statement).one()))


def _adjustments(connection: Connection, tenant: str, month: date) -> list[tuple[date, Figures]]:
    table = month_adjustments
    statement = (
        select(table.c.month, *(table.c[name] for name in _NAMES))
        .where(table.c.tenant == tenant, table.c.booked_in == month)
        .order_by(table.c.month)
    )
    return [(row[0], Figures(*map(int, row[1:]))) for row in connection.execute(statement)]


def _closed(row: Any) -> ClosedMonth:
    names = [name for name in ClosedMonth.__struct_fields__ if name != "figures"]
    return ClosedMonth(
        **{name: row[name] for name in names},
        figures=Figures(*(int(row[name]) for name in _NAMES)),
    )
