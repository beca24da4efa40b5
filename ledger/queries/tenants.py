"""The tenants that a principal may see."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select

from ledger.queries.reader import Reader
from ledger.storage.tables import tenants


class Tenant(msgspec.Struct, frozen=True):
    """A customer whose calls are booked apart from all others'."""

    tenant: str
    time_zone: str
    created_at: datetime


def list_tenants(
    reader: Reader, *, after: str = "", containing: str = "", limit: int = 1000
) -> list[Tenant]:
    """Tenants by name, after the one given, whose names contain a text in any case."""
    statement = (
        select(tenants.c.tenant, tenants.c.time_zone, tenants.c.created_at)
        .where(tenants.c.tenant > after)
        .order_by(tenants.c.tenant)
        .limit(limit)
    )
    if containing:
        statement = statement.where(tenants.c.tenant.icontains(containing, autoescape=True))
    with reader.connection() as connection:
        return [Tenant(*row) for row in connection.execute(statement)]


def time_zone_of(reader: Reader, tenant: str) -> str | None:
    """The zone of a tenant's days; None when there is no such tenant."""
    statement = select(tenants.c.time_zone).where(tenants.c.tenant == tenant)
    with reader.connection() as connection:
        zone_name: str | None = connection.execute(statement).scalar_one_or_none()
        return zone_name
