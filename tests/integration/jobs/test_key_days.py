"""Keys of copies have their days made ahead and are dropped when nothing is joined by them."""

from __future__ import annotations

import logging
import time
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from collector.jobs import key_days
from collector.jobs.key_days import drop_old_keys, make_key_days_ahead
from collector.pipeline.intake import Intake
from exporters.postgres.batches import Booked
from ledger.settings import Settings
from ledger.storage.database import Database
from ledger.storage.partitions import ensure_key_partitions
from tests.factories.calls import a_call
from tests.factories.spans import a_span
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.integration.refused.letters import take

DAY = timedelta(days=1)


def _key_days(books: Books) -> list[date]:
    rows = books.rows(
        "SELECT right(relname, 8) AS day FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid"
        " WHERE inhparent = 'call_keys'::regclass ORDER BY 1"
    )
    return [date.fromisoformat(row["day"]) for row in rows]


def _make(database: Database, days: list[date]) -> None:
    with database.transaction("tollbook_ingest") as connection:
        ensure_key_partitions(connection, days)


def test_today_and_tomorrow_are_made_ahead(database: Database, books: Books) -> None:
    make_key_days_ahead(database)
    make_key_days_ahead(database)
    today = datetime.now(UTC).date()
    assert _key_days(books) == [today, today + DAY]


@pytest.mark.parametrize("hours", [24, 48])
def test_keys_are_kept_for_the_window_and_a_day(
    database: Database, books: Books, hours: int
) -> None:
    today = datetime.now(UTC).date()
    _make(database, [today - DAY * ago for ago in range(10)])
    drop_old_keys(database, join_window=timedelta(hours=hours))
    assert _key_days(books) == [today - DAY * ago for ago in range(hours // 24 + 1, -1, -1)]


def test_a_backup_that_holds_the_keys_does_not_hold_up_bookings(
    database: Database, database_url: str, books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    today = datetime.now(UTC).date()
    _make(database, [today - DAY * 5, today])
    with psycopg.connect(database_url) as backup:
        backup.execute("LOCK TABLE call_keys IN ACCESS SHARE MODE")
        started = time.monotonic()
        with caplog.at_level(logging.WARNING):
            drop_old_keys(database, join_window=DAY)
        assert time.monotonic() - started < 10
    assert "tried again" in caplog.text
    assert _key_days(books) == [today - DAY * 5, today]
    drop_old_keys(database, join_window=DAY)
    assert _key_days(books) == [today]


@pytest.mark.parametrize(("hours", "calls"), [(1, 2), (3, 1)])
def test_copies_are_joined_within_the_window_that_is_set(
    database: Database,
    database_url: str,
    settings: Settings,
    books: Books,
    hours: int,
    calls: int,
) -> None:
    records = [
        a_span("1", scope="first", response_id="r"),
        a_span("1", trace="b" * 32, scope="second", response_id="r"),
    ]
    windowed = Settings(home=settings.home, join_window_hours=hours)
    today = datetime.now(UTC).date()
    _make(database, [today - DAY, today])
    take(Intake(database, windowed), records[:1])
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE call_keys SET arrived_at = arrived_at - '2h'::interval")
    take(Intake(database, windowed), records[1:])
    assert books.counted("calls")["calls"] == calls


def test_what_old_copies_said_is_forgotten_and_their_names_stay(
    database: Database, database_url: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_days, "_RECORDS_AT_ONCE", 3)
    teller = Teller(database)
    told = [
        [a_span(f"{n}", scope=scope, trace=trace * 32, response_id=f"r{n}") for n in range(5)]
        for scope, trace in (("first", "a"), ("second", "b"))
    ]
    teller.tell([*told[0], *told[1]])
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE copies SET arrived_at = now() - '3d'::interval")
    recent = [a_span("9", scope=scope, trace=scope * 32, response_id="r9") for scope in "ab"]
    teller.tell(recent)

    drop_old_keys(database, join_window=DAY)

    kept = books.rows("SELECT id FROM copies WHERE record IS NOT NULL ORDER BY id")
    assert [row["id"] for row in kept] == [record.id for record in recent]
    assert books.rows("SELECT count(*) AS n FROM copies") == [{"n": 12}]
    assert teller.tell([*told[1], *recent]) == Booked(booked=0, duplicate=7)


def test_old_batches_of_keys_are_dropped_from_the_feed(
    database: Database, database_url: str, books: Books
) -> None:
    teller = Teller(database)
    for _ in range(3):
        teller.tell([a_call()])
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE key_feed SET arrived_on = arrived_on - 3 WHERE batch <= 2")
    drop_old_keys(database, join_window=DAY)
    assert books.rows("SELECT batch FROM key_feed") == [{"batch": 3}]
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE key_feed SET arrived_on = arrived_on - 3")
    drop_old_keys(database, join_window=DAY)
    assert books.rows("SELECT batch FROM key_feed") == []
