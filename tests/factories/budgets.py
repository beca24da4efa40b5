"""Budgets for tests: a hundred dollars a month over everything of acme, unless a test says more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ledger.domain.budgets.budget import Budget
from ledger.domain.money import PICO_PER_USD

CREATED = datetime(2026, 11, 1, tzinfo=UTC)


def a_budget(**changes: Any) -> Budget:
    """A budget that blocks at a hundred dollars."""
    scope = changes.get("scope", {"tenant": "acme"})
    budget_id = uuid4()
    fields: dict[str, Any] = {
        "budget_id": budget_id,
        "tenant": scope.get("tenant", "*"),
        "name": f"budget {budget_id}",
        "scope": scope,
        "amount_pico_usd": None if "amount_tokens" in changes else 100 * PICO_PER_USD,
        "period": "month",
        "time_zone": "UTC",
        "action": "block",
        "created_at": CREATED,
        "created_by": "a test",
    }
    return Budget(**{**fields, **changes})
