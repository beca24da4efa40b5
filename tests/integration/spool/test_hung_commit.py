"""A commit that hangs: its calls go to the spool, and what was committed after all counts once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.integration.books import Books
from tests.servers.frozen import frozen
from tests.servers.homes import wait_until
from tests.servers.in_process import InProcessClient

COMMIT_SECONDS = 2.0
_SLOW_COMMIT = f"""
    CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep({COMMIT_SECONDS}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON key_feed
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly();
"""


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    """A ledger whose commits are slow and whose transactions are doubted soon."""
    database = Database(database_url, patience_seconds=0.5)
    yield database
    database.close()


def test_a_commit_that_hung_and_took_place_after_all_counts_once(
    impatient: Database, database_url: str, settings: Settings, books: Books
) -> None:
    collector = Collector(impatient, settings)
    client = InProcessClient(collector.front)
    assert client.post("/v1/calls", json=a_record()).get_json()["booked"] == 1
    with psycopg.connect(database_url) as connection:
        connection.execute(_SLOW_COMMIT)
    answers = []
    records = [a_record(), a_record()]
    sending = threading.Thread(
        target=lambda: answers.append(client.post("/v1/calls", json=records))
    )
    sending.start()
    time.sleep(COMMIT_SECONDS / 2)
    with frozen(database_url):
        sending.join(15)
        assert [(answer.status_code, answer.get_json()["spooled"]) for answer in answers] == [
            (202, 2)
        ]
    # The server found the commit in its socket, goes on with it, and only then sees us gone.
    wait_until(lambda: books.counted("calls")["calls"] == 3, "the commit takes place after all")
    collector.start()
    spool = settings.spool_path
    wait_until(lambda: not list(spool.glob("*.spool")) and _is_replayed(books), "it is replayed")
    assert books.counted("calls")["calls"] == books.counted("rollups")["calls"] == 3
    assert books.counted("totals")["calls"] == 3


def _is_replayed(books: Books) -> bool:
    return books.ingest_counts().get(("calls", "duplicate"), 0) == 2
