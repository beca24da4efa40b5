"""Saying what currencies are worth; a rate of a day is corrected by recording another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from ledger.commands.prices import count_change
from ledger.domain.errors import InvalidRecord
from ledger.pricing.forms import check_currency, check_figure, check_text
from ledger.pricing.rates import USD
from ledger.queries.pricing.prices import SUBJECT
from ledger.queries.reader import Reader
from ledger.storage.prices.tables import exchange_rates

_MOST = Decimal(1_000_000)


def add_exchange_rate(
    reader: Reader,
    *,
    currency: str,
    valid_on: date,
    usd_per_unit: Decimal,
    source: str | None = None,
) -> dict[str, Any]:
    """Record what one unit of a currency was worth on a UTC day; returns it as it is kept.

    Calls that come in later are priced by it; those that waited for it are priced by a job. Raises
    InvalidRecord naming what cannot be.
    """
    check_currency(currency)
    if currency == USD:
        raise InvalidRecord("currency", "a dollar is a dollar")
    check_figure("usd_per_unit", usd_per_unit, _MOST)
    if not usd_per_unit:
        raise InvalidRecord("usd_per_unit", "no currency is worth nothing")
    if source is not None:
        check_text("source", source)
    with reader.connection() as connection:
        now = count_change(connection, SUBJECT)
        statement = insert(exchange_rates).values(
            currency=currency,
            valid_on=valid_on,
            usd_per_unit=usd_per_unit,
            source=source,
            recorded_at=now,
            recorded_by=reader.principal.name,
        )
        row = connection.execute(statement.returning(exchange_rates)).mappings().one()
    return dict(row)
