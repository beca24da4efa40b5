"""Closing months: from then on what changes of them is an adjustment."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.errors import Conflict, InvalidRecord, NotFound
from ledger.domain.revisions.months import is_over, month_bounds, month_text
from ledger.domain.revisions.repricing import EVERY_TENANT
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import ClosedMonth, closed_month, usage_between
from ledger.storage.revisions.revision_tables import closed_months, repricings
from ledger.storage.tables import tenants
from ledger.storage.turns import TURN

_WAIT_FOR_TURN = text(f"SELECT {TURN}")
_NOW = text("SELECT clock_timestamp()")


class Closing(NamedTuple):
    """A closed month, and whether it was closed only now."""

    month: ClosedMonth
    is_new: bool


def close_month(reader: Reader, *, tenant: str, month: date) -> Closing:
    """Close a tenant's month for good with its usage as it stands; once closed, nothing changes.

    Raises NotFound for an unknown tenant, InvalidRecord for a month that is not over in the
    tenant's zone, and Conflict while a re-pricing goes through it.
    """
    with reader.connection() as connection:
        # In the lane, so that whatever is booked is either in the figures or an adjustment.
        connection.execute(_WAIT_FOR_TURN)
        before = closed_month(connection, tenant, month)
        if before is not None:
            return Closing(before, is_new=False)
        now: datetime = connection.execute(_NOW).scalar_one()
        zone_name = _time_zone(connection, tenant)
        if not is_over(month, zone_name, now):
            raise InvalidRecord("month", f"{month_text(month)} is not over in {zone_name}")
        bounds = month_bounds(month, zone_name)
        _refuse_under_way(connection, tenant, bounds)
        closed = ClosedMonth(
            tenant=tenant,
            month=month,
            time_zone=zone_name,
            starts_at=bounds[0],
            ends_at=bounds[1],
            closed_at=now,
            closed_by=reader.principal.name,
            figures=usage_between(connection, tenant, bounds),
        )
        connection.execute(insert(closed_months).values(**closed.as_row()))
    return Closing(closed, is_new=True)


def _time_zone(connection: Connection, tenant: str) -> str:
    statement = select(tenants.c.time_zone).where(tenants.c.tenant == tenant)
    zone_name = connection.execute(statement).scalar_one_or_none()
    if zone_name is None:
        raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")
    return str(zone_name)


def _refuse_under_way(
    connection: Connection, tenant: str, bounds: tuple[datetime, datetime]
) -> None:
    table = repricings
    statement = select(table.c.repricing_id).where(
        table.c.state == "running",
        ~table.c.dry_run,
        or_(table.c.tenant == tenant, table.c.tenant == EVERY_TENANT),
        table.c.from_at < bounds[1],
        table.c.to_at > bounds[0],
    )
    row = connection.execute(statement.limit(1)).first()
    if row is not None:
        raise Conflict(
            f"re-pricing {row.repricing_id} goes through this month; wait for its end or cancel it"
        )
