"""Sums of budgets are written with the calls, and are what a plain recount gives."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from exporters.postgres.budgets.accounts import BudgetAccounts
from ledger.commands.budgets.setting import end_budget
from ledger.domain.budgets.budget import Budget
from ledger.domain.calls import Cost
from ledger.domain.usage import NO_USAGE
from ledger.queries.reader import Reader
from ledger.storage.budgets.versions import version_now
from ledger.storage.database import Database, driver_connection
from tests.factories.budgets import a_budget
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span
from tests.integration.bookings import Teller
from tests.integration.budgets.books import assert_exact, plain_recount, set_budget, sums_of


def _several() -> list[Budget]:
    scopes: list[dict[str, str]] = [
        {"tenant": "acme"},
        {"tenant": "*"},
        {"tenant": "acme", "user": "*"},
        {"tenant": "acme", "tags.team": "*", "model": "gpt-4o-mini"},
        {},
    ]
    return [a_budget(scope=scope) for scope in scopes]


def test_calls_add_to_every_budget_that_they_count_under(database: Database) -> None:
    budgets = [set_budget(database, budget) for budget in _several()]
    teller = Teller(database)
    teller.tell([
        a_call(), a_call(user="ada"), a_call(user="bo", tags={"team": "core"}),
        a_call(tenant="other", started_at=START + timedelta(minutes=40)),
        a_call(model="unheard-of"), a_call(usage=NO_USAGE),
    ])  # fmt: skip
    assert_exact(database, *budgets)
    assert {key for key, _ in sums_of(database, budgets[2])} == {'["ada"]', '["bo"]'}


def test_calls_from_before_are_added_once(database: Database) -> None:
    teller = Teller(database)
    teller.tell([a_call(user=f"user {n}", started_at=START + n * timedelta(hours=7))
                 for n in range(20)])  # fmt: skip
    budgets = [set_budget(database, budget) for budget in _several()]
    teller.tell([a_call(user="later")])
    assert_exact(database, *budgets)
    assert sum(figures[2] for figures in sums_of(database, budgets[0]).values()) == 21


def test_calls_booked_between_setting_and_filling_are_counted_once(database: Database) -> None:
    teller = Teller(database)
    teller.tell([a_call()])
    budgets = [set_budget(database, budget, filled=False) for budget in _several()[1:]]
    teller.tell([a_call(user="ada")])
    budgets.append(set_budget(database, a_budget()))
    assert_exact(database, *budgets)


def test_copies_that_are_joined_and_corrected_keep_the_sums_exact(database: Database) -> None:
    budgets = [set_budget(database, budget) for budget in _several()]
    told = {"response_id": "r1", "dialect": "otel_genai"}
    later = START + timedelta(minutes=20)
    tags = {"team": "core", "share": 0.5, "n": 3}
    second = a_span("1", scope="second", user="ada", tags=tags, started_at=later, **told)
    first = a_span("1", trace="b" * 32, scope="first", user="bo", **told)
    for record in (second, first):
        Teller(database).tell([record])
    with database.transaction("tollbook_ingest") as connection:
        assert connection.execute(text("SELECT count(*) FROM corrections")).scalar_one() > 0
    assert_exact(database, *budgets)
    assert sum(figures[2] for figures in sums_of(database, budgets[0]).values()) == 1


def test_what_is_sent_again_adds_nothing(database: Database) -> None:
    budget = set_budget(database, a_budget())
    calls = [a_call(), a_call()]
    Teller(database).tell(calls)
    Teller(database).tell(calls)
    assert sum(figures[2] for figures in sums_of(database, budget).values()) == 2


def test_an_ended_budget_counts_no_further_calls(database: Database, reader: Reader) -> None:
    budget = set_budget(database, a_budget())
    teller = Teller(database)
    teller.tell([a_call()])
    end_budget(reader, budget.budget_id)
    before = sums_of(database, budget)
    teller.tell([a_call()])
    assert sums_of(database, budget) == before != plain_recount(database, budget)


def test_calls_that_cost_something_else_change_the_sums(database: Database) -> None:
    budgets = [set_budget(database, budget) for budget in _several()]
    unpriced = a_call(model="unheard-of", user="ada", tags={"team": "core"})
    Teller(database).tell([unpriced, a_call(user="ada")])
    accounts = BudgetAccounts()
    with database.transaction("tollbook_ingest") as connection:
        accounts.know(connection, version_now(connection))
        changes = [(unpriced, Cost("unpriced", None), Cost("priced", 900))]
        accounts.change_costs(driver_connection(connection), changes)
    one = next(iter(sums_of(database, budgets[2]).values()))
    assert one == (210_000_900, 2200, 2, 0)
