"""The self-check finds what does not add up, and says 0 when all is well."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from collector.jobs.upkeep import (
    bound_dead_letters,
    check_books,
    make_days_ahead,
    prune_refused_records,
)
from ledger.storage.database import Database
from tests.factories.calls import a_call, a_record
from tests.integration.books import Books
from tests.integration.refused.letters import keep
from tests.servers.in_process import InProcessClient


def _drift(client: InProcessClient) -> str:
    lines = client.get("/metrics").text.splitlines()
    return next(line for line in lines if line.startswith("tollbook_ledger_drift_usd"))


def test_drift_is_there_from_the_start_and_zero(client: InProcessClient) -> None:
    assert _drift(client) == "tollbook_ledger_drift_usd 0"


def test_books_in_order_have_no_drift(client: InProcessClient, database: Database) -> None:
    now = datetime.now(UTC).isoformat()
    client.post("/v1/calls", json=[a_record(started_at=now) for _ in range(20)])
    check_books(database)
    assert _drift(client) == "tollbook_ledger_drift_usd 0"


def test_a_tampered_rollup_is_found(
    client: InProcessClient, database: Database, database_url: str
) -> None:
    client.post("/v1/calls", json=[a_record(started_at=datetime.now(UTC).isoformat())])
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rollups SET cost_pico_usd = cost_pico_usd + 5000000000000")
    check_books(database)
    # Once against the calls, once against the running totals.
    assert _drift(client) == "tollbook_ledger_drift_usd 10"


def test_days_are_made_ahead(database: Database, books: Books) -> None:
    make_days_ahead(database)
    assert len(books.partitions()) == 8


def test_only_the_newest_refused_records_are_kept(
    client: InProcessClient, database: Database, books: Books
) -> None:
    for _ in range(5):
        client.post("/v1/calls", json=[a_record(), a_record(usage={"input_tokens": -1})])
    prune_refused_records(database, kept=2)
    assert len(books.rows("SELECT * FROM refused_records")) == 2


def test_forgetting_refused_records_spares_dead_letters(
    client: InProcessClient, database: Database, books: Books
) -> None:
    keep(database, [(a_call(), "x"), (a_call(), "x")])
    for _ in range(3):
        client.post("/v1/calls", json=[a_record(), a_record(usage={"input_tokens": -1})])
    prune_refused_records(database, kept=1)
    kinds = [row["kind"] for row in books.rows("SELECT kind FROM refused_records ORDER BY kind")]
    assert kinds == ["dead_lettered", "dead_lettered", "rejected"]


def test_dead_letters_beyond_the_bound_are_given_up_with_an_error_in_the_log(
    database: Database, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, [(a_call(), "x") for _ in range(3)])
    bound_dead_letters(database, kept=2)
    assert len(books.rows("SELECT * FROM refused_records")) == 2
    assert "gave up 1 dead letters" in caplog.text
