"""What currencies were worth, as it is known now or was at any moment before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from ledger.pricing.exchange import ExchangeRate
from ledger.queries.reader import Reader
from ledger.storage.prices.tables import exchange_rates

Cursor = tuple[str, date, datetime]

_KEY = (exchange_rates.c.currency, exchange_rates.c.valid_on, exchange_rates.c.recorded_at)
_FIELDS = tuple(exchange_rates.c[name] for name in ExchangeRate.__struct_fields__)


def list_exchange_rates(
    reader: Reader,
    *,
    currency: str | None = None,
    before: Cursor | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Every rate that was recorded, by currency, the latest day first."""
    descending = (_KEY[0].desc(), _KEY[1].desc(), _KEY[2].desc())
    statement = select(exchange_rates).order_by(*descending).limit(limit)
    if currency is not None:
        statement = statement.where(exchange_rates.c.currency == currency)
    if before is not None:
        statement = statement.where(tuple_(*_KEY) < tuple_(*before))
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def rates_of_currencies(
    connection: Connection, currencies: Iterable[str], known_at: datetime | None = None
) -> list[ExchangeRate]:
    """All rates of these currencies that were known at a moment, or are now."""
    wanted = sorted(currencies)
    if not wanted:
        return []
    statement = select(*_FIELDS).where(exchange_rates.c.currency.in_(wanted))
    if known_at is not None:
        statement = statement.where(exchange_rates.c.recorded_at <= known_at)
    return [ExchangeRate(**row) for row in connection.execute(statement).mappings()]
