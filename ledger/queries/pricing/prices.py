"""The prices of one's own, as they are known now or were at any moment before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Select, or_, select, tuple_

from ledger.pricing.aliases import EVERY_TENANT
from ledger.pricing.contracts import ContractPrice
from ledger.pricing.forms import RateForm, rates_of
from ledger.queries.reader import Reader
from ledger.storage.prices.tables import prices

SUBJECT = "prices"
"""Under which changes of prices and exchange rates are counted."""

Cursor = tuple[str, str, str, datetime, UUID]

_KEY = tuple(prices.c[name] for name in ("tenant", "provider", "model", "valid_from", "price_id"))
_Forms = dict[str, RateForm]


class PriceFilter(NamedTuple):
    """Which prices are asked for."""

    tenant: str | None = None
    """With those of everybody."""
    provider: str | None = None
    model: str | None = None
    at: datetime | None = None
    """Only those that hold for calls that start then."""
    known_at: datetime | None = None
    """As they were known then; None: now."""
    with_withdrawn: bool = False


def list_prices(
    reader: Reader, wanted: PriceFilter, *, after: Cursor | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Prices by tenant, provider and model, those after a cursor."""
    statement = select(prices).order_by(*_KEY).limit(limit)
    if wanted.tenant is not None:
        statement = statement.where(prices.c.tenant.in_((wanted.tenant, EVERY_TENANT)))
    for name in ("provider", "model"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(prices.c[name] == value)
    if wanted.at is not None:
        statement = statement.where(
            prices.c.valid_from <= wanted.at,
            or_(prices.c.valid_to.is_(None), prices.c.valid_to > wanted.at),
        )
    if after is not None:
        statement = statement.where(tuple_(*_KEY) > tuple_(*after))
    if not wanted.with_withdrawn or wanted.known_at is not None:
        statement = _known(statement, wanted.known_at)
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def contract_prices(
    connection: Connection, known_at: datetime | None = None
) -> list[ContractPrice]:
    """All prices that are visible and were known at a moment, or are now."""
    rows = connection.execute(_known(select(prices), known_at)).mappings()
    return [_price(dict(row)) for row in rows]


def _known(statement: Select[Any], at: datetime | None) -> Select[Any]:
    if at is None:
        return statement.where(prices.c.withdrawn_at.is_(None))
    return statement.where(
        prices.c.recorded_at <= at,
        or_(prices.c.withdrawn_at.is_(None), prices.c.withdrawn_at > at),
    )


def _price(row: Mapping[str, Any]) -> ContractPrice:
    rates = msgspec.convert(row["rates"] or {}, _Forms)
    return ContractPrice(
        price_id=row["price_id"],
        tenant=row["tenant"],
        provider=row["provider"],
        model=row["model"],
        context=tuple(sorted(row["context"].items())),
        currency=row["currency"],
        rates=rates_of(rates),
        factor=row["factor"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        recorded_at=row["recorded_at"],
    )
