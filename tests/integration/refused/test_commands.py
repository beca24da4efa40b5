"""`tollbook dead-letters` and `tollbook rejected` as an operator runs them."""

from __future__ import annotations

import json
import time

from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.factories.calls import a_call, a_record
from tests.integration.books import Books
from tests.integration.refused.letters import assert_letters_are_counted, keep
from tests.servers.commands import run
from tests.servers.in_process import InProcessClient
from tests.servers.processes import running


def test_letters_are_listed_shown_and_replayed(
    database: Database, database_url: str, books: Books, reader: Reader
) -> None:
    keep(database, [(a_call(id="[red]one", tenant="acme"), "no room"), (a_call(id="two"), "torn")])

    listed = run(database_url, "dead-letters", "list", "--reason", "ROOM")
    assert listed.returncode == 0, listed.stderr
    assert "[red]one" in listed.stdout
    assert "two" not in listed.stdout
    as_json = run(database_url, "dead-letters", "list", "--json", "--tenant", "acme")
    letters = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert {letter["call_id"] for letter in letters} == {"[red]one", "two"}

    (one,) = (letter["record_id"] for letter in letters if letter["call_id"] == "[red]one")
    shown = json.loads(run(database_url, "dead-letters", "show", one).stdout)
    assert shown["call"]["model"] == "gpt-4o-mini"

    dry = run(database_url, "dead-letters", "replay", "--all", "--dry-run")
    assert dry.stdout == "2 of 2 dead letters would be replayed.\n"
    assert books.rows("SELECT * FROM calls") == []
    replayed = run(database_url, "dead-letters", "replay", one)
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout.startswith("1 call booked, 0 were there already, 0 could not")
    assert [row["id"] for row in books.rows("SELECT id FROM calls")] == ["[red]one"]
    assert run(database_url, "dead-letters", "replay", "--all", "--tenant", "acme").returncode == 0
    assert books.counted("calls")["calls"] == 2
    assert_letters_are_counted(books, reader)


def test_letters_that_cannot_be_booked_end_the_replay_with_1(
    database: Database, database_url: str
) -> None:
    keep(database, [(a_call(model=""), "no model")])
    replayed = run(database_url, "dead-letters", "replay", "--all")
    assert replayed.returncode == 1
    assert "The first reason: missing" in replayed.stderr


def test_letters_are_dropped_only_when_that_is_said(
    database: Database, database_url: str, books: Books, reader: Reader
) -> None:
    keep(database, [(a_call(), "x"), (a_call(), "x")])

    assert run(database_url, "dead-letters", "drop").returncode == 2
    assert run(database_url, "dead-letters", "drop", "--all", answer="n\n").returncode == 1
    assert len(books.rows("SELECT * FROM refused_records")) == 2
    dropped = run(database_url, "dead-letters", "drop", "--all", "--yes")
    assert dropped.stdout == "2 dead letters dropped.\n"
    assert books.rows("SELECT * FROM refused_records") == []
    assert books.ingest_counts() == {
        ("traces", "received"): 2,
        ("traces", "dead_lettered"): 2,
        ("traces", "dropped"): 2,
    }
    assert_letters_are_counted(books, reader)


def test_rejected_records_are_listed_with_their_reason(
    client: InProcessClient, database_url: str
) -> None:
    client.post("/v1/calls", json=[a_record(), a_record(usage={"input_tokens": -1})])

    listed = run(database_url, "rejected", "list")
    assert "usage.input_tokens" in listed.stdout
    (record,) = run(database_url, "rejected", "list", "--json").stdout.splitlines()
    assert json.loads(record)["tenant"] == "acme"
    assert run(database_url, "rejected", "list", "--from", "soon").returncode == 2


def test_a_replay_that_is_killed_loses_and_doubles_nothing(
    database: Database, database_url: str, books: Books, reader: Reader
) -> None:
    letters = 4000
    keep(database, [(a_call(), "x") for _ in range(letters)])
    with running("dead-letters", "replay", "--all", database_url=database_url) as replay:
        deadline = time.monotonic() + 60
        while not books.rows("SELECT FROM calls LIMIT 1"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        replay.kill()
    assert 0 < books.counted("calls")["calls"] < letters

    assert run(database_url, "dead-letters", "replay", "--all").returncode == 0

    assert books.counted("calls")["calls"] == letters
    assert books.counted("totals") == books.counted("calls")
    assert books.rows("SELECT * FROM refused_records") == []
    counts = books.ingest_counts()
    assert counts["traces", "replayed"] == letters
    assert counts["dead_letters", "booked"] == letters
    assert counts["dead_letters", "received"] == letters + counts.get(
        ("dead_letters", "duplicate"), 0
    )
    assert_letters_are_counted(books, reader)
