"""Budgets are filled while bookings go on, whatever ends half-way: no call is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from ledger.commands.budgets.filler import Filler, fill_all
from ledger.commands.budgets.filling import fill_budgets
from ledger.domain.budgets.budget import Budget
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.budgets.drift import budgets_off
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import START, a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import assert_exact, set_budget, sums_of
from tests.servers.homes import wait_until

_BOOKERS = 3

_SAME_SUM = "INSERT INTO budget_sums (budget_id, scope_key, starts_at) VALUES (%s, '[]', %s)"
_END_WAITING = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def _scopes() -> Iterator[dict[str, str]]:
    while True:
        yield {"tenant": "acme"}
        yield {"tenant": "*", "user": "*"}
        yield {"tenant": "acme", "tags.team": "*"}


@contextmanager
def _booking_all_the_time(database: Database) -> Iterator[list[int]]:
    """Several processes' bookings, each with a memory of its own, until the block ends."""
    ended = threading.Event()
    booked: list[int] = []

    def book(place: int) -> None:
        teller = Teller(database)
        number = 0
        while not ended.is_set():
            moment = START + timedelta(minutes=7 * (number % 50))
            teller.tell([
                a_call(user=f"u{number % 5}", started_at=moment, tags={"team": f"t{place}"}),
                a_call(started_at=moment - timedelta(days=number % 9)),
            ])  # fmt: skip
            number += 2
        booked.append(number)

    threads = [threading.Thread(target=book, args=(place,)) for place in range(_BOOKERS)]
    for thread in threads:
        thread.start()
    try:
        yield booked
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_budgets_set_while_calls_are_booked_count_each_call_once(database: Database) -> None:
    scopes = _scopes()
    Teller(database).tell([a_call(user="before")])
    with _booking_all_the_time(database) as booked:
        budgets = [set_budget(database, a_budget(scope=next(scopes))) for _ in range(9)]
    assert_exact(database, *budgets)
    of_acme = sum(figures[2] for figures in sums_of(database, budgets[0]).values())
    assert of_acme == sum(booked) + 1


def test_several_that_fill_at_once_do_it_once(database: Database) -> None:
    budgets: list[Budget] = []
    with _booking_all_the_time(database):
        for scope, _ in zip(_scopes(), range(4), strict=False):
            budgets.append(set_budget(database, a_budget(scope=scope), filled=False))
        fillers = [threading.Thread(target=fill_all, args=(database,)) for _ in range(3)]
        for filler in fillers:
            filler.start()
        for filler in fillers:
            filler.join()
    assert_exact(database, *budgets)


def test_a_fill_that_is_lost_half_way_is_begun_anew(database: Database, database_url: str) -> None:
    teller = Teller(database)
    teller.tell([a_call(started_at=START - timedelta(days=day)) for day in range(5)])
    budget = set_budget(database, a_budget(), filled=False)
    with psycopg.connect(database_url) as in_its_way, ThreadPoolExecutor(1) as thread:
        in_its_way.execute(_SAME_SUM, (budget.budget_id, START - timedelta(days=2)))
        filling = thread.submit(fill_budgets, database)
        with psycopg.connect(database_url, autocommit=True) as other:
            wait_until(lambda: other.execute(_END_WAITING).fetchone() is not None, "it waits")
        with pytest.raises(LedgerUnavailable):
            filling.result()
        in_its_way.rollback()
    assert sum(figures[2] for figures in sums_of(database, budget).values()) == 2
    teller.tell([a_call()])
    assert fill_budgets(database) == 1
    assert_exact(database, budget)
    assert sum(figures[2] for figures in sums_of(database, budget).values()) == 6


def test_what_is_provisional_outlives_a_fill(database: Database) -> None:
    Teller(database).tell([a_call()])
    budget = set_budget(database, a_budget(), filled=False)
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(
            text("INSERT INTO budget_sums (budget_id, scope_key, starts_at, provisional_pico_usd)"
                 " VALUES (:budget, '[]', :at, 7)"),
            {"budget": budget.budget_id, "at": START},
        )  # fmt: skip
    fill_budgets(database)
    assert_exact(database, budget)
    with database.transaction("tollbook_ingest") as connection:
        provisional = text("SELECT sum(provisional_pico_usd) FROM budget_sums")
        assert connection.execute(provisional).scalar_one() == 7


def test_the_filler_fills_what_is_set_later_too(database: Database) -> None:
    Teller(database).tell([a_call()])
    filler = Filler(database)
    for _ in range(2):
        budget = set_budget(database, a_budget(), filled=False)
        assert filler.fill_soon().wait(20)
        assert_exact(database, budget)
        assert sums_of(database, budget)


def test_drift_is_seen(database: Database) -> None:
    set_budget(database, a_budget(scope={"tenant": "*", "user": "*"}))
    set_budget(database, a_budget())
    Teller(database).tell([a_call(user="ada"), a_call(model="unheard-of")])
    hour = START.replace(minute=0)
    assert _off(database, hour) == (0, 0)
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(text("UPDATE budget_sums SET spent_pico_usd = spent_pico_usd + 5"))
    assert _off(database, hour) == (10, 0)


def _off(database: Database, hour: Any) -> tuple[int, int]:
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        return budgets_off(connection, hour, hour + timedelta(hours=1))


def test_without_postgres_nothing_is_filled_and_nothing_breaks(database: Database) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(LedgerUnavailable):
        fill_budgets(nowhere)
    assert Filler(nowhere).fill_soon().wait(20)
