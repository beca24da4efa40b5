"""A call that names a reservation gives back what was held for it, once, and by its tenant only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from ledger.domain.budgets.budget import Budget
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import START, a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import assert_exact, set_budget

_RESERVE = text("""
    INSERT INTO reservations (reservation_id, tenant, created_at, expires_at, state,
        amount_pico_usd, amount_tokens, settled_pico_usd, settled_tokens, dimensions)
    VALUES (:id, 'acme', now(), now(), :state, 700, 70, :settled, :settled_tokens, '{}')
""")
_HOLD = text("""
    INSERT INTO reservation_holds (reservation_id, budget_id, scope_key, pico_usd, tokens,
        provisional_in)
    VALUES (:id, :budget, '[]', 700, 70, :provisional_in)
""")
_STATE = text("""
    INSERT INTO budget_states (budget_id, scope_key, held_pico_usd, held_tokens)
    VALUES (:budget, '[]', :pico_usd, :tokens)
""")
_PROVISIONAL = text("""
    INSERT INTO budget_sums (budget_id, scope_key, starts_at, provisional_pico_usd,
        provisional_tokens)
    VALUES (:budget, '[]', :at, 500, 50)
""")
_LEFT = text("""
    SELECT held_pico_usd, held_tokens, state,
        (SELECT coalesce(sum(provisional_pico_usd), 0) FROM budget_sums),
        (SELECT coalesce(sum(provisional_tokens), 0) FROM budget_sums)
    FROM budget_states, reservations
""")


@pytest.fixture
def budget(database: Database) -> Budget:
    return set_budget(database, a_budget())


def _reserve(database: Database, budget: Budget, *, settled: bool) -> UUID:
    """A reservation as admission leaves it, besides another one that holds 5."""
    name = uuid4()
    of: dict[str, Any] = {"id": name, "budget": budget.budget_id}
    held = 5 if settled else 705
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(_RESERVE, {
            **of, "state": "settled" if settled else "held",
            "settled": 500 if settled else None, "settled_tokens": 50 if settled else None,
        })  # fmt: skip
        connection.execute(_STATE, {**of, "pico_usd": held, "tokens": held // 10})
        connection.execute(_HOLD, {**of, "provisional_in": START if settled else None})
        if settled:
            connection.execute(_PROVISIONAL, {**of, "at": START})
    return name


def _left(database: Database) -> tuple[Any, ...]:
    with database.transaction("tollbook_ingest") as connection:
        return tuple(connection.execute(_LEFT).one())


def test_a_held_amount_is_given_back_with_the_call(database: Database, budget: Budget) -> None:
    name = _reserve(database, budget, settled=False)
    teller = Teller(database)
    for _ in range(2):
        teller.tell([a_call(reservation_id=str(name))])
    assert _left(database) == (5, 0, "booked", 0, 0)
    assert_exact(database, budget)


def test_a_settled_amount_is_replaced_by_the_calls_cost(database: Database, budget: Budget) -> None:
    name = _reserve(database, budget, settled=True)
    late = a_call(reservation_id=str(name), started_at=START + timedelta(hours=1))
    Teller(database).tell([late, a_call(reservation_id=str(name))])
    assert _left(database) == (5, 0, "booked", 0, 0)
    assert_exact(database, budget)


def test_a_call_without_a_price_leaves_what_its_sender_settled(
    database: Database, budget: Budget
) -> None:
    name = _reserve(database, budget, settled=True)
    Teller(database).tell([a_call(reservation_id=str(name), model="unheard-of")])
    assert _left(database) == (5, 0, "settled", 500, 50)


@pytest.mark.parametrize(
    "changes", [{"tenant": "other"}, {"reservation_id": "no name of ours"},
                {"reservation_id": str(uuid4())}],
)  # fmt: skip
def test_what_is_not_this_calls_stays(
    database: Database, budget: Budget, changes: dict[str, Any]
) -> None:
    name = _reserve(database, budget, settled=False)
    Teller(database).tell([a_call(**{"reservation_id": str(name), **changes})])
    assert _left(database) == (705, 70, "held", 0, 0)
