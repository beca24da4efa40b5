"""In whichever order records come and budgets are set: sums are what a plain recount gives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.budgets.budget import Budget
from ledger.domain.calls import Call
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.integration.bookings import Teller
from tests.integration.budgets.books import assert_exact, set_budget
from tests.properties.records import distinct
from tests.servers.databases import TestServer

_numbers = count()


@pytest.fixture(scope="module")
def ledger(server: TestServer) -> Iterator[Database]:
    with server.fresh_database() as url:
        database = Database(url)
        yield database
        database.close()


def _budgets(tenant: str) -> list[Budget]:
    scopes = (
        {"tenant": tenant},
        {"tenant": tenant, "user": "*"},
        {"tenant": tenant, "tags.x": "*", "model": "*"},
        {"tenant": tenant, "user": "u1", "status": "ok"},
    )
    return [a_budget(scope=scope) for scope in scopes]


@settings(max_examples=15)
@given(distinct(9), st.randoms(use_true_random=False))
def test_sums_are_exact_whenever_budgets_are_set(
    ledger: Database, records: list[Call], random: Random
) -> None:
    tenant = f"tenant-{next(_numbers)}"
    told = [msgspec.structs.replace(record, tenant=tenant) for record in records]
    told += random.sample(told, len(told) // 3)
    random.shuffle(told)
    tellers = [Teller(ledger), Teller(ledger)]
    to_be_set, budgets = _budgets(tenant), []
    while told or to_be_set:
        if to_be_set and (not told or random.random() < 0.3):
            budgets.append(set_budget(ledger, to_be_set.pop()))
        if told:
            size = random.choice([1, 1, 2, 4])
            random.choice(tellers).tell(told[:size])
            told = told[size:]
    assert_exact(ledger, *budgets)
