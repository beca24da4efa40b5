"""Adding and withdrawing prices; none is ever edited."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Connection, func, insert, select, text, update

from ledger.domain.errors import InvalidRecord, NotFound
from ledger.pricing.forms import PriceForm, checked
from ledger.queries.pricing.prices import SUBJECT
from ledger.queries.reader import Reader
from ledger.storage.prices.tables import prices

MOST_PRICES_A_TENANT = 10_000

_CHANGED = text("""
    INSERT INTO configuration_versions AS known (subject, version) VALUES (:subject, 1)
    ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
""")
_NOW = text("SELECT clock_timestamp()")


def add_price(reader: Reader, form: PriceForm, *, replaces: UUID | None = None) -> dict[str, Any]:
    """Add a price, and withdraw the one that it replaces; returns it as it is kept.

    Calls that come in later have it, whenever they started; what is booked with a price keeps
    that. Raises InvalidRecord naming what cannot be, NotFound for a price to replace that is none.
    """
    form = checked(form)
    values = {
        "price_id": uuid4(),
        **{name: getattr(form, name) for name in PriceForm.__struct_fields__},
        "rates": form.rates and msgspec.to_builtins(form.rates),
        "recorded_by": reader.principal.name,
    }
    with reader.connection() as connection:
        now = count_change(connection, SUBJECT)
        if replaces is not None:
            _withdraw(connection, reader, replaces, now)
        statement = insert(prices).values(**values, recorded_at=now).returning(prices)
        added = dict(connection.execute(statement).mappings().one())
        _refuse_too_many(connection, form.tenant)
    return added


def withdraw_price(reader: Reader, price_id: UUID) -> dict[str, Any]:
    """Withdraw a price from now on; what it priced stays. Raises NotFound when there is none."""
    with reader.connection() as connection:
        now = count_change(connection, SUBJECT)
        return _withdraw(connection, reader, price_id, now)


def count_change(connection: Connection, subject: str) -> datetime:
    """Let every process notice a change; returns its time.

    The count's row is locked until the commit, so changes have their times in the order in which
    they are seen.
    """
    connection.execute(_CHANGED, {"subject": subject})
    now: datetime = connection.execute(_NOW).scalar_one()
    return now


def _withdraw(
    connection: Connection, reader: Reader, price_id: UUID, now: datetime
) -> dict[str, Any]:
    statement = (
        update(prices)
        .where(prices.c.price_id == price_id, prices.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=reader.principal.name)
        .returning(prices)
    )
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound(f"there is no price {price_id}, or it was withdrawn already")
    return dict(row)


def _refuse_too_many(connection: Connection, tenant: str) -> None:
    number = (
        select(func.count())
        .select_from(prices)
        .where(prices.c.tenant == tenant, prices.c.withdrawn_at.is_(None))
    )
    if connection.execute(number).scalar_one() > MOST_PRICES_A_TENANT:
        raise InvalidRecord("tenant", f"has {MOST_PRICES_A_TENANT} prices already; withdraw some")
