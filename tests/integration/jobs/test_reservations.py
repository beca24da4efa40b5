"""What jobs do about reservations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from collector.jobs.reservations import check_holds, expire_reservations, forget_reservations
from ledger.commands.reservations.group import Group
from ledger.commands.reservations.locking import AccountsMade
from ledger.domain.budgets.budget import Budget
from ledger.domain.reservations.commands import Command, Release, Reserve, Settle
from ledger.domain.reservations.names import new_name
from ledger.domain.reservations.reservation import Amount
from ledger.storage.budgets.stored import known_budgets
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.budgets.books import set_budget

_STATES = text("SELECT reservation_id, state FROM reservations")
_HELD = text("SELECT coalesce(sum(held_pico_usd), 0) FROM budget_states")
_HOLDS = text("SELECT count(*) FROM reservation_holds")
_DAYS_DRIFT = text("SELECT drift_pico_usd FROM self_checks WHERE scope = 'budget days 0'")
_DRIFT = text("SELECT drift_pico_usd FROM self_checks WHERE scope = 'holds'")


@pytest.fixture
def budget(database: Database) -> Budget:
    return set_budget(database, a_budget(filled_at=datetime.now(UTC)), filled=False)


def _decide(database: Database, *commands: Command) -> None:
    with database.transaction("tollbook_ingest") as connection:
        known = known_budgets(connection)
    Group(commands, known).decide(database, AccountsMade())


def _reserve(database: Database, ttl: timedelta = timedelta(minutes=5)) -> UUID:
    name = new_name()
    _decide(
        database,
        Reserve(reservation_id=name, call=a_call(), amount=Amount(700, 7), ttl=ttl, dimensions={}),
    )
    return name


def _run(database: Database, statement: str, **parameters: Any) -> None:
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(text(statement), parameters)


def _one(database: Database, statement: Any) -> Any:
    with database.transaction("tollbook_ingest") as connection:
        return connection.execute(statement).scalar_one()


def _states(database: Database) -> dict[UUID, str]:
    with database.transaction("tollbook_ingest") as connection:
        return {row.reservation_id: row.state for row in connection.execute(_STATES).all()}


@pytest.mark.usefixtures("budget")
def test_all_holds_whose_time_is_up_are_given_back_and_no_others(database: Database) -> None:
    kept = _reserve(database)
    for _ in range(3):
        _reserve(database, ttl=timedelta())
    _decide(database, Release(_reserve(database)))

    expire_reservations(database)

    states = _states(database)
    assert states.pop(kept) == "held"
    assert sorted(states.values()) == ["expired", "expired", "expired", "released"]
    assert _one(database, _HELD) == 700


@pytest.mark.usefixtures("budget")
def test_reservations_are_forgotten_long_after_they_ended(database: Database) -> None:
    old = {
        state: (_reserve(database), _reserve(database))
        for state in ("held", "settled", "released", "expired", "booked")
    }
    for state, names in old.items():
        for name, days in zip(names, (3, 100), strict=True):
            _run(
                database,
                "UPDATE reservations SET state = :state, expires_at = now() - :age"
                " WHERE reservation_id = :name",
                state=state,
                age=timedelta(days=days),
                name=name,
            )

    forget_reservations(database)

    # What is held is never forgotten, and a settlement waits for its call.
    assert _states(database).keys() == {*old["held"], old["settled"][0]}
    assert _one(database, _HOLDS) == 3


def test_accounts_that_disagree_with_reservations_are_noticed(
    database: Database, budget: Budget
) -> None:
    _decide(database, Settle(_reserve(database), Amount(5, None)))
    _reserve(database)
    check_holds(database)
    assert _one(database, _DRIFT) == 0

    _run(
        database,
        "UPDATE budget_states SET held_pico_usd = held_pico_usd + 3 WHERE budget_id = :budget",
        budget=budget.budget_id,
    )
    check_holds(database)
    assert _one(database, _DRIFT) == 3


def test_days_that_disagree_with_their_quarter_hours_are_noticed(
    database: Database, budget: Budget
) -> None:
    _decide(database, Settle(_reserve(database), Amount(5, None)))
    check_holds(database)
    assert _one(database, _DAYS_DRIFT) == 0

    _run(
        database,
        "UPDATE budget_days SET used_pico_usd = used_pico_usd - 4 WHERE budget_id = :budget",
        budget=budget.budget_id,
    )
    check_holds(database)
    assert _one(database, _DAYS_DRIFT) == 4
