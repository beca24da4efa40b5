"""Everything that came in is accounted for, and the job finds and names what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from collector.jobs.accounting import check_accounting
from collector.jobs.upkeep import bound_dead_letters, check_books
from collector.pipeline.dead_letters import Replay
from collector.pipeline.intake import Intake
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import RefusedFilter, count_letters
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_call, a_record
from tests.factories.spans import a_span
from tests.integration.bookings import Teller
from tests.integration.refused.letters import keep
from tests.servers.exposition import total
from tests.servers.in_process import InProcessClient


def _unaccounted(client: InProcessClient) -> int:
    text = client.get("/metrics").text
    assert "tollbook_ingest_unaccounted_records " in text
    return int(total(text, "tollbook_ingest_unaccounted_records"))


def test_nothing_is_unaccounted_for_from_the_start(client: InProcessClient) -> None:
    assert _unaccounted(client) == 0


def test_whatever_becomes_of_records_they_are_accounted_for(
    client: InProcessClient,
    database: Database,
    settings: Settings,
    reader: Reader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    twice = a_record()
    client.post("/v1/calls", json=[twice, twice, a_record(usage={"input_tokens": -1})])
    client.post("/v1/calls", data=b"no json", content_type="application/json")
    teller = Teller(database)
    teller.tell([a_span("p", scope="a"), a_span("c", scope="b", parent="g", response_id="r")])
    # A late one that makes one call of two that were booked.
    teller.tell([a_span("g", scope="c", parent="p")])
    keep(database, [(a_call(), "x") for _ in range(3)])
    bound_dead_letters(database, kept=2)
    _, _, now = count_letters(reader, RefusedFilter())
    assert (
        Replay(database, reader, Intake(database, settings)).run(RefusedFilter(), until=now).booked
        == 2
    )
    keep(database, [(a_call(), "stays")])

    check_accounting(database)
    check_books(database)

    assert caplog.text == "" or "not accounted for" not in caplog.text
    assert "do not agree" not in caplog.text
    assert _unaccounted(client) == 0


@pytest.mark.parametrize(
    ("statement", "named", "off"),
    [
        (
            "UPDATE ingest_totals SET records = records - 1 WHERE result = 'duplicate'",
            "calls: records with a result are 2 and should be 3",
            1,
        ),
        (
            "INSERT INTO ingest_totals VALUES ('', 'joined_later', 2)",
            "calls in the ledger are 2 and should be 0",
            2,
        ),
        (
            "INSERT INTO ingest_totals VALUES ('', 'replayed', 1)",
            "dead letters are 0 and should be -1",
            1,
        ),
    ],
)
def test_what_is_not_accounted_for_is_named(
    client: InProcessClient,
    database: Database,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    statement: str,
    named: str,
    off: int,
) -> None:
    twice = a_record()
    client.post("/v1/calls", json=[twice, twice, a_record()])
    with psycopg.connect(database_url) as connection:
        connection.execute(statement.encode())

    check_accounting(database)

    assert f"not accounted for: {named}" in caplog.text
    assert _unaccounted(client) == off


def test_calls_that_rollups_and_totals_do_not_know_are_found_though_they_cost_nothing(
    client: InProcessClient,
    database: Database,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = datetime.now(UTC).isoformat()
    client.post("/v1/calls", json=[a_record(started_at=now)])
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rollups SET calls = calls + 3")

    check_books(database)

    assert "today's rollups and calls do not agree" in caplog.text
    # Once against the calls, once against the running totals.
    assert _unaccounted(client) == 6
