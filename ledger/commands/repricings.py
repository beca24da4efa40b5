"""Having a period of calls priced anew, and stopping that."""

from __future__ import annotations

from datetime import datetime
from unicodedata import category

import msgspec
from sqlalchemy import Connection, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.errors import Conflict, InvalidRecord, NotFound
from ledger.domain.revisions.months import month_text
from ledger.domain.revisions.repricing import EVERY_TENANT, Wanted
from ledger.queries.reader import Reader
from ledger.storage.revisions.revision_tables import closed_months, repricings
from ledger.storage.tables import tenants
from ledger.storage.turns import TURN

MOST_RUNNING = 100
LONGEST_REASON = 1000
_MOST_NAMED = 10

_WAIT_FOR_TURN = text(f"SELECT {TURN}")


def request_repricing(reader: Reader, wanted: Wanted, now: datetime) -> int:
    """Have calls priced anew; returns the number of the re-pricing, which a job works on.

    Raises InvalidRecord, NotFound for an unknown tenant, and Conflict when it would change closed
    months and is not allowed to adjust them, or when too many are under way.
    """
    _check(wanted, now)
    values = msgspec.structs.asdict(wanted)
    values["from_at"], values["to_at"] = values.pop("start"), values.pop("end")
    values["filter"] = {name: list(accepted) for name, accepted in wanted.filter.items()}
    with reader.connection() as connection:
        # Months are closed in the lane, too: none is closed between this look and the commit.
        connection.execute(_WAIT_FOR_TURN)
        _refuse(connection, wanted)
        statement = insert(repricings).values(**values, requested_by=reader.principal.name)
        number: int = connection.execute(
            statement.returning(repricings.c.repricing_id)
        ).scalar_one()
    return number


def cancel_repricing(reader: Reader, repricing_id: int) -> None:
    """Stop a re-pricing after the page it is at; what it changed stays. Raises NotFound."""
    table = repricings
    with reader.connection() as connection:
        connection.execute(
            update(table)
            .where(table.c.repricing_id == repricing_id, table.c.state == "running")
            .values(state="cancelled", finished_at=func.clock_timestamp())
        )
        known = select(table.c.repricing_id).where(table.c.repricing_id == repricing_id)
        if connection.execute(known).first() is None:
            raise NotFound(f"there is no re-pricing {repricing_id}")


def _check(wanted: Wanted, now: datetime) -> None:
    if wanted.start >= wanted.end:
        raise InvalidRecord("to", "is not after from")
    if wanted.known_at is not None and wanted.known_at > now:
        raise InvalidRecord("known_at", "is still to come")
    reason = wanted.reason
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidRecord("reason", f"expected 1 to {LONGEST_REASON} characters")
    if any(category(character) in ("Cc", "Cs") for character in reason):
        raise InvalidRecord("reason", "holds control characters")


def _refuse(connection: Connection, wanted: Wanted) -> None:
    tenant = wanted.tenant
    if tenant != EVERY_TENANT:
        known = select(tenants.c.tenant).where(tenants.c.tenant == tenant)
        if connection.execute(known).first() is None:
            raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")
    running = select(func.count()).where(repricings.c.state == "running")
    if connection.execute(running).scalar_one() >= MOST_RUNNING:
        raise Conflict(f"{MOST_RUNNING} re-pricings are under way; wait, or cancel some")
    if wanted.dry_run or wanted.adjust_closed:
        return
    table = closed_months
    closed = (
        select(table.c.tenant, table.c.month)
        .where(
            or_(literal(tenant) == EVERY_TENANT, table.c.tenant == tenant),
            table.c.starts_at < wanted.end,
            table.c.ends_at > wanted.start,
        )
        .order_by(table.c.tenant, table.c.month)
        .limit(_MOST_NAMED + 1)
    )
    rows = connection.execute(closed).all()
    if rows:
        named = ", ".join(f"{row.tenant} {month_text(row.month)}" for row in rows[:_MOST_NAMED])
        more = " and more" if len(rows) > _MOST_NAMED else ""
        raise Conflict(
            f"closed months would change: {named}{more}; with adjust_closed the changes become"
            " adjustments of the present month, and their statements stay as they are"
        )
