"""Several records of one call in a real ledger: windows, restarts, worn names, tenants."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import psycopg
import pytest

from exporters.postgres.batches import Booked
from ledger.domain.calls import Call
from ledger.domain.errors import LedgerUnavailable
from ledger.domain.usage import NO_USAGE, Usage
from ledger.storage.database import Database
from ledger.storage.partitions import drop_keys_before
from ledger.storage.self_check import check_day, check_ingest, check_totals
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span
from tests.integration.bookings import DAY, Teller
from tests.integration.books import Books

_NEW = Booked(booked=1, duplicate=0)
_COPY = Booked(booked=0, duplicate=1)


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


def _twice(name: str, **changes: Any) -> tuple[Call, Call]:
    """One call as two instrumentations tell it."""
    first = a_span(name, scope="first", response_id=f"response-{name}", **changes)
    return first, a_span(
        name, trace="b" * 32, scope="second", response_id=f"response-{name}", **changes
    )


def _forget_keys(database: Database) -> None:
    with database.transaction("tollbook_ingest") as connection:
        drop_keys_before(connection, date(2100, 1, 1))


def _check(database: Database, books: Books) -> None:
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")
    assert books.histogram("calls") == books.histogram("rollups") == books.histogram("totals")
    with database.transaction("tollbook_ingest") as connection:
        assert check_totals(connection) == (0, 0)
        assert check_ingest(connection) == []
        assert check_day(connection, "test", START.date()) == (0, 0)


def test_a_call_told_twice_is_booked_once(teller: Teller, database: Database, books: Books) -> None:
    first, second = _twice("1")
    assert [teller.tell([first]), teller.tell([second])] == [_NEW, _COPY]
    assert [teller.tell([first]), teller.tell([second])] == [_COPY, _COPY]
    assert books.counted("calls")["calls"] == 1
    _check(database, books)


def test_a_merged_record_sent_again_after_its_keys_were_dropped_is_a_duplicate(
    teller: Teller, database: Database, books: Books
) -> None:
    records = [*_twice("1"), *_twice("2")]
    teller.tell(records[:3])
    teller.tell(records[3:])
    before = books.everything()
    _forget_keys(database)
    for again in (teller, Teller(database)):
        assert again.tell(records) == Booked(booked=0, duplicate=4)
        assert [again.tell([record]) for record in records] == [_COPY] * 4
    assert books.everything() == before


def test_a_call_sent_again_with_a_copy_after_its_keys_were_dropped_does_not_stop_its_batch(
    teller: Teller, database: Database, books: Books
) -> None:
    first, second = _twice("1")
    teller.tell([first])
    _forget_keys(database)
    # Today's keys are never dropped in earnest: a process that meets this looks anew and goes on.
    with pytest.raises(LedgerUnavailable, match="dropped"):
        teller.tell([first, second])
    # Too late to be joined: the copy is booked as a call of its own.
    assert teller.tell([first, second]) == Booked(booked=1, duplicate=1)
    assert books.counted("calls")["calls"] == 2
    _check(database, books)


def test_what_arrives_after_the_window_is_not_joined(database: Database, books: Books) -> None:
    first, second = _twice("1", started_at=datetime.now(UTC))
    brief = Teller(database, timedelta(0))
    assert [brief.tell([first]), brief.tell([second])] == [_NEW, _NEW]
    assert brief.tell([first, second]) == Booked(booked=0, duplicate=2)
    assert books.counted("calls")["calls"] == 2


def test_what_a_forgotten_record_said_is_not_lost_when_another_comes(
    teller: Teller, database: Database, database_url: str, books: Books
) -> None:
    parent = a_span("p", response_id="r", usage=NO_USAGE)
    child = a_span("c", parent="p", dialect="litellm", usage=Usage(input_tokens=9, output_tokens=1))
    assert [teller.tell([parent]), teller.tell([child])] == [_NEW, _COPY]
    with psycopg.connect(database_url) as connection:
        connection.execute(f"DELETE FROM call_keys WHERE id = '{child.id}'".encode())
    late = a_call(receiver="logs", response_id="r", usage=NO_USAGE, user="somebody")
    assert Teller(database).tell([late]) == _NEW
    assert books.counted("calls")["calls"] == 2
    assert books.counted("calls")["input_tokens"] == 9
    _check(database, books)


def test_a_new_process_hears_what_others_told(database: Database, books: Books) -> None:
    for number in range(120):
        Teller(database).tell([_twice(f"{number}")[0]])
    restarted = Teller(database)
    assert restarted.tell([_twice(f"{number}")[1] for number in range(120)]).booked == 0
    assert books.counted("calls")["calls"] == 120


def test_processes_that_tell_copies_at_once_lose_and_double_nothing(
    database: Database, books: Books
) -> None:
    pairs = [_twice(f"{number}") for number in range(300)]
    parts = [[pair[side] for pair in pairs[start::3]] for side in (0, 1) for start in range(3)]

    def tell(records: list[Call]) -> int:
        teller = Teller(database)
        return sum(teller.tell(records[n : n + 10]).booked for n in range(0, len(records), 10))

    with ThreadPoolExecutor(4) as processes:
        booked = sum(processes.map(tell, parts))
    joined_later = books.ingest_counts().get(("", "joined_later"), 0)
    assert booked - joined_later == books.counted("calls")["calls"] == 300
    _check(database, books)


def test_a_response_id_that_all_calls_have_loses_none_of_them(
    teller: Teller, database: Database, books: Books
) -> None:
    started = perf_counter()
    for number in range(200):
        teller.tell(
            [
                a_call(id=f"{scope}-{number}", scope=scope, response_id="chatcmpl-123")
                for scope in ("first", "second")
            ]
        )
    assert perf_counter() - started < 60
    assert books.counted("calls")["calls"] == 400
    counts = books.ingest_counts()
    booked = counts["traces", "booked"] + counts["", "parted_later"]
    assert booked - counts.get(("", "joined_later"), 0) == 400
    _check(database, books)


def test_ten_thousand_calls_of_one_response_id_are_booked_in_bounded_time(
    teller: Teller, books: Books
) -> None:
    started = perf_counter()
    for part in range(5):
        calls = [
            a_call(id=f"{part}-{number}", scope=f"{number % 2}", response_id="chatcmpl-123")
            for number in range(2000)
        ]
        assert teller.tell(calls).booked == 2000
    assert perf_counter() - started < 60
    assert books.counted("calls")["calls"] == 10_000


def test_calls_that_all_have_one_id_are_calls_and_duplicates_all_the_same(
    teller: Teller, database: Database, books: Books
) -> None:
    now = datetime.now(UTC)
    calls = [a_call(id="0", started_at=now - timedelta(seconds=n)) for n in range(150)]
    for start in range(0, 150, 30):
        teller.tell(calls[start : start + 30])
    assert teller.tell(calls) == Booked(booked=0, duplicate=150)
    assert books.counted("calls")["calls"] == 150
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")


def test_a_thousand_spans_below_one_request_are_calls_of_their_own(
    teller: Teller, database: Database, books: Books
) -> None:
    teller.tell([a_span("p")])
    for start in range(0, 1000, 50):
        teller.tell([a_span(f"c{n}", parent="p") for n in range(start, start + 50)])
    assert books.counted("calls")["calls"] == 1001
    _check(database, books)


def test_tenants_share_ids_responses_and_spans_without_being_joined(
    teller: Teller, books: Books
) -> None:
    first, second = _twice("1")
    child = a_span("c", parent="1", tenant="globex")
    assert teller.tell([first]) == _NEW
    theirs = [a_call(tenant="initech", id=first.id, started_at=START + DAY / 24), child]
    copy_of_another = a_call(tenant="globex", response_id=second.response_id, scope="second")
    assert teller.tell([*theirs, copy_of_another]).booked == 3
    assert books.counted("calls")["calls"] == 4


def test_a_span_that_names_itself_as_its_parent_is_booked_once(
    teller: Teller, books: Books
) -> None:
    circle = a_span("s", parent="s")
    assert [teller.tell([circle]), teller.tell([circle])] == [_NEW, _COPY]
    assert books.counted("calls")["calls"] == 1


def test_a_booking_that_fails_halfway_leaves_nothing_behind_and_can_be_sent_again(
    teller: Teller, database: Database, books: Books
) -> None:
    first, second = _twice("1")
    teller.tell([first])
    before = books.everything()
    with database.transaction("tollbook_owner") as connection:
        connection.exec_driver_sql(
            "ALTER TABLE copies ADD CONSTRAINT refuses CHECK (id = '') NOT VALID"
        )
    with pytest.raises(Exception, match="refuses"):
        teller.tell([second, a_call(id="new")])
    assert books.everything() == before
    with database.transaction("tollbook_owner") as connection:
        connection.exec_driver_sql("ALTER TABLE copies DROP CONSTRAINT refuses")
    assert Teller(database).tell([a_call(id="between", response_id="b", scope="x")]) == _NEW
    assert teller.tell([a_call(id="after", response_id="b", scope="y")]) == _COPY
    assert teller.tell([second, a_call(id="new")]) == Booked(booked=1, duplicate=1)
    _check(database, books)


def test_a_merged_call_is_not_priced_anew_when_a_record_adds_nothing(
    teller: Teller, books: Books
) -> None:
    first, second = _twice("1")
    teller.tell([first])
    teller.tell([second])
    assert books.rows("SELECT count(*) AS n FROM corrections") == [{"n": 0}]
    assert books.rows("SELECT count(*) AS n FROM copies") == [{"n": 2}]
