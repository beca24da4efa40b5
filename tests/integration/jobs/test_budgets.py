"""The job that holds budgets against the calls, and the one that fills what waits."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from collector.jobs.budgets import check_budgets, fill_waiting_budgets
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import assert_exact, set_budget, sums_of
from tests.servers.in_process import InProcessClient


def _drift(client: InProcessClient) -> str:
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    return next(line.split()[1] for line in lines if line.startswith("tollbook_ledger_drift_usd"))


def test_sums_that_are_off_are_drift(client: InProcessClient, database: Database) -> None:
    set_budget(database, a_budget(scope={"tenant": "*", "user": "*"}))
    Teller(database).tell([a_call(started_at=datetime.now(UTC), user="ada")])
    check_budgets(database)
    assert _drift(client) == "0"
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(text("UPDATE budget_sums SET spent_pico_usd = spent_pico_usd - 1000000"))
    check_budgets(database)
    assert _drift(client) == "0.000001"


def test_a_budget_that_nobody_filled_is_filled(database: Database) -> None:
    Teller(database).tell([a_call()])
    budget = set_budget(database, a_budget(), filled=False)
    fill_waiting_budgets(database)
    assert sums_of(database, budget)
    assert_exact(database, budget)
