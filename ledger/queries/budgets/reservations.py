"""One reservation, as it stands, with the budgets it holds in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from ledger.domain.errors import NotFound
from ledger.queries.reader import Reader
from ledger.storage.budgets.tables import budgets, reservation_holds, reservations


def reservation_of_id(reader: Reader, reservation_id: UUID) -> dict[str, Any]:
    """Its columns, and under `holds` the budgets it was held in. Raises NotFound."""
    found = select(reservations).where(reservations.c.reservation_id == reservation_id)
    holds = (
        select(reservation_holds.c.budget_id, budgets.c.name, reservation_holds.c.scope_key)
        .join(budgets, budgets.c.budget_id == reservation_holds.c.budget_id)
        .where(reservation_holds.c.reservation_id == reservation_id)
        .order_by(budgets.c.name, reservation_holds.c.scope_key)
    )
    with reader.connection() as connection:
        row = connection.execute(found).mappings().first()
        if row is None:
            raise NotFound(f"there is no reservation {reservation_id}")
        held_in = [dict(one) for one in connection.execute(holds).mappings()]
    return {**row, "holds": held_in}
