"""Budgets in JSON: as they are sent to us, and as we show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from ledger.domain.budgets.budget import (
    DEFAULT_THRESHOLDS,
    Action,
    Budget,
    Fail,
    PeriodKind,
    Unpriceable,
)
from ledger.domain.budgets.checks import pico_of_amount, tenant_of_scope
from ledger.domain.budgets.limits import crossed
from ledger.domain.budgets.scope import values_of_key
from ledger.domain.budgets.standing import Standing
from ledger.domain.money import usd_text
from ledger.queries.budgets.lists import Total


class PostedBudget(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What POST /v1/budgets takes; a mistyped field is refused, since it would be lost silently."""

    name: str
    period: PeriodKind
    action: Action
    scope: dict[str, str] = {}
    amount_usd: Decimal | None = None
    amount_tokens: int | None = None
    window_seconds: int | None = None
    time_zone: str | None = None
    thresholds: list[Decimal] | None = None
    fail: Fail = "open"
    unpriceable: Unpriceable = "admit"
    rollover_cap_usd: Decimal | None = None
    channels: list[UUID] = []

    @property
    def tenant(self) -> str:
        """The one tenant it is about, or the operator's sign."""
        return tenant_of_scope(self.scope)

    def budget(self, *, time_zone: str, by: str, now: datetime) -> Budget:
        """The budget that is meant. Raises InvalidRecord for amounts that are none."""
        return Budget(
            budget_id=uuid4(),
            tenant=self.tenant,
            name=self.name,
            scope=self.scope,
            amount_pico_usd=_pico("amount_usd", self.amount_usd),
            amount_tokens=self.amount_tokens,
            period=self.period,
            window_seconds=self.window_seconds,
            time_zone=self.time_zone or time_zone,
            action=self.action,
            thresholds=DEFAULT_THRESHOLDS if self.thresholds is None else tuple(self.thresholds),
            fail=self.fail,
            unpriceable=self.unpriceable,
            rollover_cap_pico_usd=_pico("rollover_cap_usd", self.rollover_cap_usd),
            channels=tuple(self.channels),
            created_at=now,
            created_by=by,
        )


class PatchedBudget(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What PATCH /v1/budgets/{id} takes."""

    name: str | UnsetType = UNSET
    amount_usd: Decimal | UnsetType = UNSET
    amount_tokens: int | UnsetType = UNSET
    action: Action | UnsetType = UNSET
    thresholds: list[Decimal] | UnsetType = UNSET
    fail: Fail | UnsetType = UNSET
    unpriceable: Unpriceable | UnsetType = UNSET
    rollover_cap_usd: Decimal | UnsetType | None = UNSET
    channels: list[UUID] | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """What is said anew, by the names that a budget has for it."""
        said = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if value is not UNSET
        }
        for name in ("amount_usd", "rollover_cap_usd"):
            if name in said:
                said[name.replace("_usd", "_pico_usd")] = _pico(name, said.pop(name))
        for name in ("thresholds", "channels"):
            if name in said:
                said[name] = tuple(said[name])
        return said


def shown_budget(budget: Budget) -> dict[str, Any]:
    """What a budget says."""
    amount = (
        {"amount_tokens": budget.amount}
        if budget.is_in_tokens
        else {"amount_usd": usd_text(budget.amount)}
    )
    cap = budget.rollover_cap_pico_usd
    return {
        "id": str(budget.budget_id),
        "tenant": budget.tenant,
        "name": budget.name,
        "scope": budget.scope,
        **amount,
        "period": budget.period,
        "window_seconds": budget.window_seconds,
        "time_zone": budget.time_zone,
        "action": budget.action,
        "thresholds": [float(share) for share in budget.thresholds],
        "fail": budget.fail,
        "unpriceable": budget.unpriceable,
        "rollover_cap_usd": None if cap is None else usd_text(cap),
        "channels": [str(channel) for channel in budget.channels],
        "created_at": budget.created_at,
        "created_by": budget.created_by,
        "ended_at": budget.ended_at,
    }


def shown_standing(one: Standing) -> dict[str, Any]:
    """How a budget, or one of its values, stands."""
    amounts = {
        "limit": one.limit,
        "spent": one.spent,
        "provisional": one.provisional,
        "reserved": one.held,
        "remaining": one.remaining,
        "forecast": one.forecast,
    }
    return {
        "ready": one.is_ready,
        "period_start": one.period.start,
        "period_end": one.period.end,
        **_in_unit(one.budget, amounts),
        "used_ratio": float(one.used_ratio),
        "crossed": [float(share) for share in crossed(one.budget.thresholds, one.used, one.limit)],
        "calls": one.calls,
        "unpriced_calls": one.unpriced_calls,
    }


def shown_value(one: Standing) -> dict[str, Any]:
    """How one value of a budget stands."""
    values = dict(zip(one.budget.starred, values_of_key(one.scope_key), strict=True))
    return {"value": values, **shown_standing(one)}


def shown_total(total: Total) -> dict[str, Any]:
    """All values of a budget together; limits hold for each of them alone."""
    budget, spent, held = total.budget, total.spent, total.held
    amounts = {
        "spent": budget.unit_of(spent.pico_usd, spent.tokens),
        "provisional": budget.unit_of(spent.provisional_pico_usd, spent.provisional_tokens),
        "reserved": budget.unit_of(held.pico_usd, held.tokens),
    }
    return {
        "ready": budget.knows_from(total.period.start),
        "period_start": total.period.start,
        "period_end": total.period.end,
        **_in_unit(budget, amounts),
        "values_count": total.values,
        "calls": spent.calls,
        "unpriced_calls": spent.unpriced_calls,
    }


def _in_unit(budget: Budget, amounts: Mapping[str, int]) -> dict[str, Any]:
    """Amounts under names that end in their unit."""
    if budget.is_in_tokens:
        return {f"{name}_tokens": amount for name, amount in amounts.items()}
    return {f"{name}_usd": usd_text(amount) for name, amount in amounts.items()}


def _pico(name: str, usd: Decimal | None) -> int | None:
    return None if usd is None else pico_of_amount(name, usd)
