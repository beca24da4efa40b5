"""Setting, changing and ending budgets; what one said before stays on record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from ledger.access.principals import EVERY_TENANT
from ledger.domain.budgets.budget import OPERATOR, Budget
from ledger.domain.budgets.checks import check_budget
from ledger.domain.errors import AlreadyThere, InvalidRecord, NotFound
from ledger.queries.notices.channels import refuse_unknown_channels
from ledger.queries.reader import Reader
from ledger.storage.budgets.stored import read_budgets, standing
from ledger.storage.budgets.tables import budget_changes, budgets
from ledger.storage.budgets.versions import count_change

MOST_BUDGETS = 10_000

CHANGEABLE = (
    "name", "amount_pico_usd", "amount_tokens", "action", "thresholds", "fail", "unpriceable",
    "rollover_cap_pico_usd", "channels",
)  # fmt: skip
"""What can be said anew of a budget; all else makes another one of it."""

_COLUMNS = tuple(name for name in Budget.__struct_fields__ if name != "earlier_amounts")

_NEXT = text(
    "SELECT 1 + coalesce(max(revision), 0) FROM budget_changes WHERE budget_id = :budget_id"
)


def create_budget(reader: Reader, budget: Budget) -> None:
    """Set a budget, which counts from now on; the calls from before are added by `fill_budgets`.

    Raises InvalidRecord naming what is wrong, and AlreadyThere when its tenant has one of that
    name.
    """
    check_budget(budget)
    _refuse_foreign(reader, budget)
    values = {name: getattr(budget, name) for name in _COLUMNS}
    values |= _as_arrays(values)
    statement = (
        postgres_insert(budgets)
        .values(values)
        .on_conflict_do_nothing()
        .returning(budgets.c.budget_id)
    )
    with reader.connection() as connection:
        count_change(connection)
        refuse_unknown_channels(connection, budget)
        if connection.execute(standing_number()).scalar_one() >= MOST_BUDGETS:
            raise InvalidRecord("name", f"there are {MOST_BUDGETS} budgets already; end some")
        if connection.execute(statement).first() is None:
            raise AlreadyThere(f"there is a budget {budget.name!r} already; end it or change it")


def standing_number() -> Any:
    """A statement for how many budgets hold."""
    return select(func.count()).select_from(budgets).where(budgets.c.ended_at.is_(None))


def change_budget(reader: Reader, budget_id: UUID, changes: dict[str, Any]) -> Budget:
    """Say something anew of a budget, from its present period on; returns it as it is then.

    `changes` are values by the names of CHANGEABLE. Raises NotFound, InvalidRecord, and
    AlreadyThere for a name that is taken.
    """
    with reader.connection() as connection:
        count_change(connection)
        before = _standing(connection, budget_id)
        changes = {name: new for name, new in changes.items() if getattr(before, name) != new}
        if not changes:
            return before
        after = msgspec.structs.replace(before, **changes)
        check_budget(after)
        if "channels" in changes:
            refuse_unknown_channels(connection, after)
        if after.name != before.name:
            _refuse_taken(connection, after)
        _record(connection, before, after, reader.principal.name)
        changed = changes | _as_arrays(changes)
        connection.execute(update(budgets).where(budgets.c.budget_id == budget_id).values(changed))
        return _standing(connection, budget_id)


def end_budget(reader: Reader, budget_id: UUID) -> Budget:
    """End a budget: it holds nothing back any more, and what it counted stays to be read.

    Raises NotFound when there is none that holds.
    """
    with reader.connection() as connection:
        count_change(connection)
        budget = _standing(connection, budget_id)
        ended = msgspec.structs.replace(budget, ended_at=datetime.now(UTC))
        connection.execute(
            update(budgets).where(budgets.c.budget_id == budget_id).values(ended_at=ended.ended_at)
        )
        _record(connection, budget, ended, reader.principal.name)
    return ended


def _as_arrays(values: dict[str, Any]) -> dict[str, Any]:
    """What Postgres keeps as arrays, of these values."""
    return {name: list(values[name]) for name in ("thresholds", "channels") if name in values}


def _refuse_foreign(reader: Reader, budget: Budget) -> None:
    tenants = reader.principal.tenants
    if tenants == EVERY_TENANT or budget.tenant in tenants:
        return
    if budget.tenant == OPERATOR:
        raise InvalidRecord("scope.tenant", "is needed: only operators set budgets over all")
    raise InvalidRecord("scope.tenant", f"{budget.tenant!r} is not yours")


def _refuse_taken(connection: Connection, budget: Budget) -> None:
    taken = standing().where(
        budgets.c.tenant == budget.tenant,
        budgets.c.name == budget.name,
        budgets.c.budget_id != budget.budget_id,
    )
    if connection.execute(taken).first() is not None:
        raise AlreadyThere(f"there is a budget {budget.name!r} already")


def _standing(connection: Connection, budget_id: UUID) -> Budget:
    found = read_budgets(
        connection, standing().where(budgets.c.budget_id == budget_id).with_for_update()
    )
    if not found:
        raise NotFound(f"there is no budget {budget_id}, or it has ended")
    return found[0]


def _record(connection: Connection, before: Budget, after: Budget, by: str) -> None:
    """Keep what changed, in order; whoever changes budgets comes one after the other."""
    connection.execute(
        insert(budget_changes).values(
            budget_id=before.budget_id,
            revision=connection.execute(_NEXT, {"budget_id": before.budget_id}).scalar_one(),
            changed_at=datetime.now(UTC),
            changed_by=by,
            before=_differing(before, after),
            after=_differing(after, before),
        )
    )


def _differing(one: Budget, other: Budget) -> dict[str, Any]:
    fields = {
        name: _written(getattr(one, name))
        for name in (*CHANGEABLE, "ended_at")
        if getattr(one, name) != getattr(other, name)
    }
    if one.amount != other.amount:
        fields["amount"] = one.amount
    return fields


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return value
