"""A Postgres that hangs keeps nobody waiting for long, and one that is slow loses nobody."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from collector.health.board import Queues
from collector.health.readiness import readiness
from collector.spool.spool import Spool
from ledger.access.principals import LOCAL_OPERATOR
from ledger.domain.errors import LedgerHangs
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.storage.database import Database, Role, driver_connection
from ledger.storage.deadlines.deadlines import within
from ledger.storage.deadlines.pulse import Pulse
from tests.servers.frozen import frozen
from tests.servers.processes import free_port

PATIENCE_SECONDS = 0.5
FOUND_OUT_SECONDS = PATIENCE_SECONDS + 3.0
"""A pulse takes three seconds when not even a connection comes about."""


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    """A fresh ledger whose transactions are doubted soon."""
    database = Database(database_url, patience_seconds=PATIENCE_SECONDS)
    yield database
    database.close()


@contextmanager
def _lasting(least: float, most: float) -> Iterator[None]:
    began_at = time.monotonic()
    yield
    seconds = time.monotonic() - began_at
    assert least <= seconds <= most, f"{seconds:.1f} s"


def _ask(database: Database, role: Role = "tollbook_ingest", seconds: float | None = None) -> None:
    with database.transaction(role, deadline_seconds=seconds) as connection:
        assert driver_connection(connection).execute("SELECT 1").fetchone() == (1,)


def _hang_in_a_transaction(database: Database, url: str) -> None:
    with database.transaction("tollbook_ingest") as connection:
        driver = driver_connection(connection)
        with frozen(url):
            driver.execute("SELECT 1")


def test_a_transaction_that_hangs_is_cut_and_postgres_can_be_used_again(
    impatient: Database, database_url: str
) -> None:
    with (
        _lasting(PATIENCE_SECONDS, FOUND_OUT_SECONDS + 1.5),
        pytest.raises(LedgerHangs, match="no sign of life"),
    ):
        _hang_in_a_transaction(impatient, database_url)
    _ask_until_it_answers(impatient)


def _ask_until_it_answers(database: Database) -> None:
    until = time.monotonic() + 5
    while True:
        try:
            return _ask(database)
        except LedgerHangs:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_once_it_is_known_to_hang_nobody_waits(impatient: Database, database_url: str) -> None:
    _ask(impatient)
    with frozen(database_url):
        with _lasting(PATIENCE_SECONDS, FOUND_OUT_SECONDS + 1.5), pytest.raises(LedgerHangs):
            _ask(impatient)
        for role in ("tollbook_ingest", "tollbook_app", "tollbook_reader"):
            with _lasting(0.0, 0.2), pytest.raises(LedgerHangs):
                _ask(impatient, role)
    _ask_until_it_answers(impatient)


def test_a_connection_of_the_pool_is_tried_no_longer_than_the_deadline(
    database: Database, database_url: str
) -> None:
    _ask(database)
    with frozen(database_url):
        with _lasting(1.0, 1.5), pytest.raises(LedgerHangs, match="in time"):
            _ask(database, seconds=1.0)
        # That one was lost; a new one is waited for as long as the driver can be told.
        with _lasting(0.0, 2.5), within(1.0), pytest.raises(LedgerHangs):
            _ask(database)
    _ask_until_it_answers(database)


def test_a_connection_that_comes_too_slowly_is_not_waited_for(
    database: Database, database_url: str
) -> None:
    with frozen(database_url), _lasting(1.0, 2.5), pytest.raises(LedgerHangs):
        _ask(database, seconds=1.0)


def test_what_takes_long_while_postgres_lives_is_left_alone(impatient: Database) -> None:
    with impatient.transaction("tollbook_ingest") as connection:
        driver_connection(connection).execute("SELECT pg_sleep(2)")
    with impatient.transaction("tollbook_owner", deadline_seconds=1.0) as connection:
        driver_connection(connection).execute("SELECT 1")


def test_a_transaction_ends_with_its_deadline_though_postgres_lives(database: Database) -> None:
    def sleep() -> None:
        with database.transaction("tollbook_app", deadline_seconds=0.5) as connection:
            driver_connection(connection).execute("SELECT pg_sleep(5)")

    with _lasting(0.5, 1.0), pytest.raises(LedgerHangs, match="in time"):
        sleep()
    _ask(database)


def test_a_connection_that_was_given_back_is_not_cut(database: Database) -> None:
    _ask(database, seconds=0.3)
    with database.transaction("tollbook_ingest") as connection:
        driver_connection(connection).execute("SELECT pg_sleep(0.6)")


def test_a_single_connection_that_was_lost_on_the_way_is_replaced(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.storage.deadlines.deadlines._PING_SECONDS", 0.5)
    with database.transaction("tollbook_ingest") as connection:
        lost = driver_connection(connection).info.backend_pid
    with _stopped(lost), _lasting(0.5, 1.5):
        _ask(database)


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_only_silence_is_no_pulse(database_url: str) -> None:
    pulse = Pulse(database_url)
    assert pulse.is_felt()
    assert Pulse(f"postgresql://127.0.0.1:{free_port()}/tollbook").is_felt()
    with frozen(database_url):
        assert not pulse.is_felt()
    assert pulse.is_felt()


def test_one_that_lets_in_and_commits_nothing_has_no_pulse(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            "CREATE SCHEMA slow; CREATE FUNCTION slow.pg_logical_emit_message(boolean, text, text)"
            " RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(8)'"
        )
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = slow, pg_catalog, public").format(name)
        )
    pulse = Pulse(database_url)
    for _ in range(2):
        with _lasting(3.0, 4.5):
            assert not pulse.is_felt()
        # However often it is asked, one process of the server is all that waits.
        assert _waiting(database_url) == 1
    with _lasting(0.5, 3.0):
        assert pulse.is_felt()
    assert _waiting(database_url) == 0


def _waiting(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND query LIKE '%pulse%' AND pid <> pg_backend_pid() AND state = 'active'"
        ).fetchone()
        assert row is not None
        return int(row[0])


def test_readiness_is_told_soon(database: Database, database_url: str, tmp_path: Path) -> None:
    reader, nothing = Reader(database, LOCAL_OPERATOR), Queues(0, 0, 0.0)
    assert readiness(reader, Spool(tmp_path, 2**20), nothing).text == "ready"
    with frozen(database_url):
        with _lasting(0.0, 3.0):
            found = readiness(reader, Spool(tmp_path, 0), nothing)
        assert not found.is_ready
        assert found.text.startswith("Postgres hangs")
        with _lasting(0.0, 3.0):
            found = readiness(reader, Spool(tmp_path, 2**20), nothing)
        assert found.text == "ready: Postgres is away, calls go to the spool"
    _ask_until_it_answers(database)


def test_aliases_that_are_known_are_not_waited_for(database: Database, database_url: str) -> None:
    book = AliasBook(Reader(database, LOCAL_OPERATOR))
    known = book.current()
    book._due = 0.0
    with frozen(database_url), _lasting(0.0, 2.5):
        assert book.current() is known
