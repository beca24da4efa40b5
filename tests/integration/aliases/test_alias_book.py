"""The alias book of a process: it notices changes soon and cheaply."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.aliases import remove_alias, set_alias
from ledger.domain.errors import LedgerUnavailable
from ledger.pricing.aliases import Alias
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.servers.processes import free_port

ALWAYS = datetime(2015, 1, 1, tzinfo=UTC)


def _set(reader: Reader, target_model: str) -> None:
    alias = Alias(
        tenant="acme",
        provider="",
        alias="house",
        valid_from=ALWAYS,
        target_provider="",
        target_model=target_model,
    )
    set_alias(reader, alias)


def _model(book: AliasBook) -> str:
    return book.current().resolve(a_call(model="house")).model


def _wait_until(book: AliasBook, model: str) -> None:
    deadline = time.monotonic() + 5
    while _model(book) != model:
        assert time.monotonic() < deadline, f"still {_model(book)}"
        time.sleep(0.05)


def test_changes_of_another_process_are_noticed_within_seconds(
    reader: Reader, database_url: str
) -> None:
    other = Database(database_url)
    book = AliasBook(Reader(other, LOCAL_OPERATOR))
    assert _model(book) == "house"
    _set(reader, "gpt-4o")
    _wait_until(book, "gpt-4o")
    _set(reader, "gpt-4.1")
    _wait_until(book, "gpt-4.1")
    remove_alias(reader, tenant="acme", provider="", alias="house")
    _wait_until(book, "house")
    other.close()


class _Questions(Reader):
    """A reader that counts its transactions."""

    asked = 0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        self.asked += 1
        with super().connection() as connection:
            yield connection


def test_many_calls_ask_the_database_once(database: Database) -> None:
    questions = _Questions(database, LOCAL_OPERATOR)
    book = AliasBook(questions)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: book.current(), range(1000)))
    assert questions.asked == 1


@pytest.fixture
def absent() -> Iterator[Reader]:
    """A reader of a Postgres that does not answer."""
    database = Database(f"postgresql://tollbook:x@127.0.0.1:{free_port()}/tollbook")
    yield Reader(database, LOCAL_OPERATOR)
    database.close()


def test_what_was_never_read_is_not_guessed(absent: Reader) -> None:
    with pytest.raises(LedgerUnavailable):
        AliasBook(absent).current()


def test_while_postgres_is_away_the_aliases_stay(reader: Reader, absent: Reader) -> None:
    _set(reader, "gpt-4o")
    book = AliasBook(reader)
    assert _model(book) == "gpt-4o"
    book._reader = absent
    book._due = 0.0
    assert _model(book) == "gpt-4o"
