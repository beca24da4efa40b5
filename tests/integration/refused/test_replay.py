"""Dead letters: kept whole, replayed after a fix, and never lost, doubled or miscounted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from collector.pipeline.dead_letters import Replay, Replayed
from collector.pipeline.intake import Intake
from exporters.postgres.batches import Batch, Mark
from exporters.postgres.dead_letters import dead_letter_request
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands import dead_letters
from ledger.domain.calls import Call, Refusal
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import RefusedFilter, count_letters, letters_to_replay
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import START, a_call
from tests.integration.books import Books
from tests.integration.refused.letters import (
    REASON,
    assert_letters_are_counted,
    cursed,
    keep,
    take,
    take_each,
)

ALL = RefusedFilter()


@pytest.fixture
def intake(database: Database, settings: Settings) -> Intake:
    """The way in to `database`."""
    return Intake(database, settings)


def _workload(number: int = 60) -> list[Call]:
    dice = random.Random(7)
    return [
        a_call(
            tenant=dice.choice(("acme", "globex")),
            started_at=START + timedelta(minutes=dice.randrange(3000)),
            model=dice.choice(("gpt-4o-mini", "gpt-4o", "in-house")),
            feature=dice.choice(("chat", "cursed")),
            tags={"plan": "pro", "seat": number},
            verdict=dice.choice((None, "accepted")),
        )
        for _ in range(number)
    ]


def _replay(database: Database, intake: Intake, wanted: RefusedFilter = ALL) -> Replayed:
    reader = Reader(database, LOCAL_OPERATOR)
    _, _, now = count_letters(reader, wanted)
    return Replay(database, reader, intake).run(wanted, until=now)


def test_a_replay_after_the_fix_gives_the_books_of_a_clean_run(
    database: Database,
    other_database: Database,
    settings: Settings,
    intake: Intake,
    database_url: str,
    books: Books,
    other_books: Books,
    reader: Reader,
) -> None:
    calls = _workload()
    take(Intake(other_database, settings), calls)
    with cursed(database_url):
        failed = take_each(database, intake, calls)
        assert 0 < failed < len(calls)
        assert_letters_are_counted(books, reader)
        assert _replay(database, intake).failed == failed
        assert len(books.rows("SELECT * FROM calls")) == len(calls) - failed

    assert _replay(database, intake) == Replayed(booked=failed)

    assert books.everything() == other_books.everything()
    assert books.rows("SELECT * FROM refused_records") == []
    assert books.ingest_counts() == {
        ("traces", "received"): len(calls),
        ("traces", "booked"): len(calls) - failed,
        ("traces", "dead_lettered"): failed,
        ("traces", "replayed"): failed,
        ("dead_letters", "received"): failed,
        ("dead_letters", "booked"): failed,
    }
    assert_letters_are_counted(books, reader)


def test_a_crash_between_booking_and_removing_doubles_nothing(
    database: Database, intake: Intake, books: Books, reader: Reader
) -> None:
    call = a_call()
    keep(database, [(call, REASON)])
    take(intake, [call], "dead_letters")  # and there it died

    assert _replay(database, intake) == Replayed(duplicate=1)

    assert len(books.rows("SELECT * FROM calls")) == 1
    assert_letters_are_counted(books, reader)
    assert books.rows("SELECT * FROM refused_records") == []


def test_a_letter_replayed_by_two_at_once_leaves_once(
    database: Database, books: Books, reader: Reader
) -> None:
    keep(database, [(a_call(), REASON)])
    (letter,) = letters_to_replay(reader, ALL, until=datetime.now(UTC) + timedelta(days=1))

    left = [dead_letters.remove_replayed(database, [letter.key]) for _ in range(2)]

    assert left == [1, 0]
    assert_letters_are_counted(books, reader)


def test_a_letter_that_fails_again_stays_with_its_new_reason_and_holds_up_no_other(
    database: Database, intake: Intake, database_url: str, books: Books, reader: Reader
) -> None:
    good = [a_call() for _ in range(5)]
    keep(database, [(call, "the disk was full") for call in [a_call(feature="cursed"), *good]])

    with cursed(database_url):
        result = _replay(database, intake)

    assert (result.booked, result.failed, result.first_failure) == (5, 1, REASON)
    assert [row["reason"] for row in books.rows("SELECT * FROM refused_records")] == [REASON]
    assert_letters_are_counted(books, reader)


def test_only_the_letters_that_are_meant_are_replayed(
    database: Database, intake: Intake, books: Books
) -> None:
    keep(database, [(a_call(tenant="acme"), "one"), (a_call(tenant="globex"), "two")])
    keep(database, [(a_call(tenant="acme"), "three")], receiver="tail")

    assert _replay(database, intake, RefusedFilter(tenant="globex")).booked == 1
    assert _replay(database, intake, RefusedFilter(receiver="tail")).booked == 1
    assert _replay(database, intake, RefusedFilter(reason="nothing of the kind")).booked == 0
    assert [row["reason"] for row in books.rows("SELECT * FROM refused_records")] == ["one"]


def test_a_letter_that_validation_refuses_now_stays(
    database: Database, intake: Intake, books: Books, reader: Reader
) -> None:
    keep(database, [(a_call(started_at=datetime(2001, 1, 1, tzinfo=UTC)), REASON), (a_call(), "x")])

    result = _replay(database, intake)

    assert (result.booked, result.failed) == (1, 1)
    assert "is before 2015" in result.first_failure
    letters = books.rows("SELECT * FROM refused_records WHERE kind = 'dead_lettered'")
    assert len(letters) == 1
    assert_letters_are_counted(books, reader)


def test_many_letters_are_replayed_request_by_request(
    database: Database, intake: Intake, books: Books
) -> None:
    keep(database, [(a_call(), REASON) for _ in range(1203)])

    assert _replay(database, intake).booked == 1203
    assert books.counted("totals") == books.counted("calls")


def test_a_letter_too_large_to_be_whole_is_kept_as_evidence_and_is_not_replayed(
    database: Database, intake: Intake, books: Books
) -> None:
    tags = {f"tag-{number}": "\u6f22" * 256 for number in range(64)}
    huge = a_call(tags=tags, raw_usage={"note": "x" * 70_000})
    keep(database, [(huge, REASON), (a_call(), REASON)])

    assert _replay(database, intake).booked == 1
    (left,) = books.rows("SELECT * FROM refused_records")
    assert not left["replayable"]
    assert len(left["payload"]) < 4096
    assert huge.id in left["payload"]


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "a\x00b"},
        {"user": "lone \ud800 surrogate"},
        {"attempt": 2**80},
        {"tags": {"score": float("nan")}},
        {"tenant": "nul\x00tenant", "id": "nul\x00id"},
    ],
    ids=["nul", "surrogate", "huge number", "not a number", "nul in the key"],
)
def test_whatever_a_call_holds_it_can_be_kept(
    database: Database, books: Books, changes: dict[str, Any]
) -> None:
    call = a_call(**changes)
    keep(database, [(call, "it says \x00 and \ud800")])

    (letter,) = books.rows("SELECT * FROM refused_records")
    assert letter["call_id"].startswith(("call-", "nul"))
    assert letter["payload"]


def test_letters_beyond_the_bound_are_given_up_and_counted_those_not_whole_first(
    database: Database, books: Books, reader: Reader
) -> None:
    keep(database, [(a_call(id="oldest"), "x")])
    keep(database, [(a_call(id="older"), "x")])
    keep(database, [(a_call(id="not whole", raw_usage={"note": "x" * 70_000}), "x")])
    keep(database, [(a_call(id="newest"), "x")])

    with database.transaction("tollbook_ingest") as connection:
        assert dead_letters.drop_overflow(connection, 2) == 2
        assert dead_letters.drop_overflow(connection, 2) == 0

    left = books.rows("SELECT call_id FROM refused_records ORDER BY received_at")
    assert [row["call_id"] for row in left] == ["older", "newest"]
    assert books.ingest_counts()["traces", "dropped"] == 2
    assert_letters_are_counted(books, reader)


def test_a_request_that_is_given_up_keeps_calls_evidence_counts_and_its_mark(
    database: Database, intake: Intake, books: Books, reader: Reader
) -> None:
    refused = Refusal(1, "usage", "negative", "acme", "{}")
    mark = Mark("spool/7", 3)
    rest = Batch(receiver="calls", calls=[], refusals=[refused], rejected=1, ignored=2, mark=mark)

    dead_letter_request(database, [a_call(), a_call()], rest, REASON)

    assert books.ingest_counts() == {
        ("calls", "received"): 5,
        ("calls", "dead_lettered"): 2,
        ("calls", "rejected"): 1,
        ("calls", "ignored"): 2,
    }
    kinds = books.rows("SELECT kind FROM refused_records ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["dead_lettered", "dead_lettered", "rejected"]
    assert books.rows("SELECT source, place FROM ingest_marks") == [
        {"source": "spool/7", "place": 3}
    ]
    assert_letters_are_counted(books, reader)
    assert _replay(database, intake).booked == 2


def test_letters_and_their_count_are_there_together_or_not_at_all(
    database: Database, database_url: str, books: Books
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE ingest_totals ADD CONSTRAINT none CHECK (records < 0)")
    with pytest.raises(psycopg.errors.CheckViolation):
        keep(database, [(a_call(), REASON)])
    assert books.rows("SELECT * FROM refused_records") == []
