"""Prices and line items in the names and texts of the API; money is exact decimal text."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext
from typing import Any

from ledger.domain.money import usd_text
from ledger.pricing.cost import LineItem
from ledger.pricing.forms import shown_type
from ledger.pricing.rates import REQUEST, RateCard

_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])


def shown_price(row: dict[str, Any]) -> dict[str, Any]:
    """A price as it is listed; a factor as plain decimal text."""
    factor = row["factor"]
    return {**row, "factor": None if factor is None else plain(factor)}


def shown_exchange_rate(row: dict[str, Any]) -> dict[str, Any]:
    """An exchange rate as it is listed."""
    return {**row, "usd_per_unit": plain(row["usd_per_unit"])}


def shown_items(card: RateCard, items: list[LineItem], version: object) -> list[dict[str, Any]]:
    """Line items: quantity x unit_price_usd x factor, rounded once, is cost_usd."""
    rate = card.exchange.usd_per_unit if card.exchange else Decimal(1)
    return [
        {
            "token_type": shown_type(item.token_type),
            "quantity": item.quantity,
            "unit": REQUEST if item.token_type == REQUEST else "token",
            "unit_price_usd": _unit_price(item.yocto_per_unit, rate),
            "factor": plain(card.factor),
            "cost_usd": usd_text(item.pico_usd),
            "price_version": version,
            "source": card.source,
            "valid_from": card.valid_from,
            "currency": card.currency,
            "unit_price": _unit_price(item.yocto_per_unit, Decimal(1)),
            "usd_per_unit": plain(rate),
            "exchanged_on": card.exchange and card.exchange.valid_on,
            "charged_as": shown_type(item.charged_as),
            "above_input_tokens": item.above_input_tokens,
        }
        for item in items
    ]


def plain(value: Decimal) -> str:
    """Decimal text without exponent and without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit_price(yocto_per_unit: int, rate: Decimal) -> str:
    with localcontext(_EXACT):
        return plain(Decimal(yocto_per_unit).scaleb(-24) * rate)
