"""Prices of one's own for tests: sensible unless a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger.pricing.contracts import ContractPrice
from ledger.pricing.forms import RateForm, rates_of

ALWAYS = datetime(2015, 1, 1, tzinfo=UTC)


def rates(**per_million: str) -> dict[str, RateForm]:
    """Rates by token type, in a currency per million tokens; `request` is per call."""
    return {
        name: RateForm(each=Decimal(price)) if name == "request" else RateForm(Decimal(price))
        for name, price in per_million.items()
    }


def a_price(number: int = 1, **changes: Any) -> ContractPrice:
    """Acme's gpt-4o-mini at $1 per million input and $2 per million output tokens, always.

    `rates` are forms, `context` a dictionary.
    """
    fields: dict[str, Any] = {
        "price_id": UUID(int=number),
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "rates": {} if "factor" in changes else rates(input="1", output="2"),
        "valid_from": ALWAYS,
        "recorded_at": ALWAYS,
        **changes,
    }
    fields["rates"] = rates_of(fields["rates"])
    fields["context"] = tuple(sorted(dict(fields.get("context", {})).items()))
    return ContractPrice(**fields)
