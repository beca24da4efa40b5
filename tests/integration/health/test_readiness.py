"""Ready is who can make calls durable; everybody else says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from collector.app import Collector
from collector.health.board import Queues
from collector.health.readiness import Readiness, readiness
from collector.spool.spool import Spool
from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.factories.requests import an_accepted_request
from tests.servers.in_process import InProcessClient
from tests.servers.processes import free_port

NOTHING = Queues(calls=0, bytes=0, stuck_seconds=0.0)


@pytest.fixture
def away() -> Iterator[Reader]:
    """The way to a Postgres that does not answer."""
    database = Database(f"postgresql://127.0.0.1:{free_port()}/tollbook")
    yield Reader(database, LOCAL_OPERATOR)
    database.close()


def test_without_postgres_a_spool_with_room_is_enough(tmp_path: Path, away: Reader) -> None:
    found = readiness(away, Spool(tmp_path / "spool", 2**20), NOTHING)
    assert found.is_ready
    assert found.text == "ready: Postgres is away, calls go to the spool"


def test_a_collector_without_postgres_answers_ready(tmp_path: Path) -> None:
    away = Database(f"postgresql://127.0.0.1:{free_port()}/tollbook")
    answer = InProcessClient(Collector(away, Settings(home=tmp_path)).front).get("/readyz")
    assert (answer.status_code, answer.text) == (
        200,
        "ready: Postgres is away, calls go to the spool\n",
    )


def test_without_postgres_and_spool_nothing_can_be_done(tmp_path: Path, away: Reader) -> None:
    found = readiness(away, Spool(tmp_path, 0), NOTHING)
    assert not found.is_ready
    assert "TOLLBOOK_SPOOL_MAX_BYTES" in found.text


def test_a_spool_that_is_full_is_not_enough(tmp_path: Path, away: Reader) -> None:
    spool = Spool(tmp_path, 2**16)
    assert readiness(away, spool, NOTHING).is_ready
    spool.put(an_accepted_request())
    found = readiness(away, spool, NOTHING)
    assert not found.is_ready
    assert "the spool is full" in found.text


def test_a_spool_that_cannot_be_written_to_is_not_enough(tmp_path: Path, away: Reader) -> None:
    (tmp_path / "spool").write_text("a file where a directory should be")
    found = readiness(away, Spool(tmp_path / "spool", 2**20), NOTHING)
    assert not found.is_ready
    assert "TOLLBOOK_SPOOL_DIRECTORY" in found.text


def test_a_spool_does_not_make_up_for_a_schema_that_is_missing(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction("tollbook_owner") as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    found = readiness(Reader(database, LOCAL_OPERATOR), Spool(tmp_path, 2**20), NOTHING)
    assert (found.is_ready, "tollbook migrate" in found.text) == (False, True)


def _make_read_only(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name)
        )
    database.close()


def test_a_database_that_takes_no_writes_is_like_one_that_is_away(
    database: Database, tmp_path: Path
) -> None:
    reader, spool = Reader(database, LOCAL_OPERATOR), Spool(tmp_path, 2**20)
    assert readiness(reader, spool, NOTHING).text == "ready"
    _make_read_only(database)
    found = readiness(reader, spool, NOTHING)
    assert found == Readiness(True, "ready: Postgres takes no writes, calls go to the spool")
    found = readiness(reader, Spool(tmp_path, 0), NOTHING)
    assert not found.is_ready
    assert "at the primary" in found.text


def test_calls_are_spooled_while_the_database_takes_no_writes(
    client: InProcessClient, database: Database
) -> None:
    assert client.post("/v1/calls", json=a_record()).get_json()["booked"] == 1
    _make_read_only(database)
    # Of a series that is there already, and of a new one.
    for record in (a_record(), a_record(tenant="new")):
        answer = client.post("/v1/calls", json=record)
        assert (answer.status_code, answer.get_json().get("spooled")) == (202, 1)


def test_a_booking_that_fails_before_its_turn_is_answered(
    client: InProcessClient, database_url: str
) -> None:
    assert client.post("/v1/calls", json=a_record()).get_json()["booked"] == 1
    with psycopg.connect(database_url) as connection:
        connection.execute("REVOKE SELECT ON key_feed FROM tollbook_ingest")
    assert client.post("/v1/calls", json=a_record()).status_code == 500
    with psycopg.connect(database_url) as connection:
        connection.execute("GRANT SELECT ON key_feed TO tollbook_ingest")
    assert client.post("/v1/calls", json=a_record()).get_json()["booked"] == 1


@pytest.mark.parametrize(("seconds", "is_ready"), [(119.0, True), (121.0, False)])
def test_calls_that_wait_in_vain_make_the_collector_not_ready(
    reader: Reader, tmp_path: Path, seconds: float, is_ready: bool
) -> None:
    queues = Queues(calls=5, bytes=0, stuck_seconds=seconds)
    found = readiness(reader, Spool(tmp_path, 2**20), queues)
    assert found.is_ready == is_ready
    assert ("restart the collector" in found.text) != is_ready
