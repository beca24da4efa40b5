"""Rows of spend for tests of figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.queries.spend import SpendRow


def a_spend_row(**changes: Any) -> SpendRow:
    """One call that cost nothing."""
    fields: dict[str, Any] = {
        "group": {},
        "start": None,
        "calls": 1,
        "errors": 0,
        "unpriced_calls": 0,
        "estimated_calls": 0,
        "cost_pico_usd": Decimal(0),
        "tokens": {},
        "seconds": {},
    }
    return SpendRow(**{**fields, **changes})
