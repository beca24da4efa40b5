"""Re-pricing while bookings, kills and other processes are in between."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from ledger.commands.repricings import cancel_repricing
from ledger.domain.calls import Call, Cost
from ledger.domain.usage import Usage
from ledger.queries.reader import Reader
from ledger.queries.revisions.repricings import differences_of, repricing_of
from ledger.storage.database import Database
from tests.factories.calls import START, a_call
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.integration.revisions.repricing import Rounds, dearer

_SPAN = {
    "id": "span", "response_id": "r", "dialect": "otel_genai", "receiver": "traces", "scope": "1",
}  # fmt: skip
_NEARER = {**_SPAN, "id": "sdk", "dialect": "anthropic_sdk", "scope": "2"}


def _assert_in_step(books: Books) -> None:
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")


def test_a_call_that_is_joined_after_its_page_was_read_is_repriced_as_it_is_then(
    database: Database, books: Books
) -> None:
    teller = Teller(database)
    teller.tell([a_call(**_SPAN), *(a_call() for _ in range(4))])
    price_all = dearer(database)
    asked: list[int] = []

    def price_and_let_others_book(calls: list[Call]) -> list[Cost]:
        asked.append(len(calls))
        if len(asked) == 1:
            teller.tell([a_call(**_NEARER, usage=Usage(input_tokens=9, output_tokens=9))])
        return price_all(calls)

    done = Rounds(database, price_and_let_others_book, calls_a_page=100).reprice()

    assert asked == [5, 5]
    assert (done.calls_seen, done.calls_changed) == (5, 5)
    (joined,) = books.rows(
        "SELECT id, cost_pico_usd, input_tokens FROM current_calls WHERE input_tokens = 9"
    )
    (once,) = books.rows(
        "SELECT cost_pico_usd FROM corrections WHERE sign = 1 AND correction_reason = 'joined'"
    )
    assert joined["cost_pico_usd"] == 2 * once["cost_pico_usd"]
    _assert_in_step(books)


def test_what_is_killed_halfway_goes_on_where_it_was_and_ends_the_same(
    database: Database,
    books: Books,
    reader: Reader,
    other_database: Database,
    other_books: Books,
) -> None:
    calls = [
        a_call(started_at=START + timedelta(minutes=n), tenant=f"tenant-{n % 3}") for n in range(60)
    ]
    for ledger in (database, other_database):
        Teller(ledger).tell(calls)
    quiet = Rounds(other_database, dearer(other_database))
    undisturbed = quiet.reprice()

    deaths = iter(range(1000))

    def dying(calls: list[Call]) -> list[Cost]:
        if next(deaths) % 3 == 1:
            raise KeyboardInterrupt  # ends the page as a kill does: its transaction is gone
        return dearer(database)(calls)

    number = Rounds(database, dying).request()
    while repricing_of(reader, number).state == "running":
        rounds = Rounds(database, dying)
        try:
            rounds.page()
        except KeyboardInterrupt:
            continue

    assert books.everything() == other_books.everything()
    assert differences_of(reader, number) == differences_of(quiet.reader, undisturbed.repricing_id)
    _assert_in_step(books)


def test_two_processes_do_not_work_on_one_repricing(database: Database, books: Books) -> None:
    Teller(database).tell([a_call() for _ in range(40)])
    inside, go_on = threading.Event(), threading.Event()

    def slowly(calls: list[Call]) -> list[Cost]:
        inside.set()
        assert go_on.wait(30)
        return dearer(database)(calls)

    first, second = Rounds(database, slowly), Rounds(database, dearer(database))
    first.request()
    first.request()
    working = threading.Thread(target=first.page)
    working.start()
    assert inside.wait(30)
    assert second.page() is None
    go_on.set()
    working.join(30)
    assert second.page() == 1
    _assert_in_step(books)


def test_a_cancelled_repricing_keeps_what_it_changed(database: Database, books: Books) -> None:
    Teller(database).tell([a_call() for _ in range(20)])
    rounds = Rounds(database, dearer(database), calls_a_page=5)
    number = rounds.request()
    rounds.page()
    cancel_repricing(rounds.reader, number)
    assert rounds.page() is None
    one = repricing_of(rounds.reader, number)
    assert (one.state, one.calls_changed) == ("cancelled", 5)
    assert one.finished_at is not None
    _assert_in_step(books)


def test_one_that_cannot_go_on_says_why_and_lets_the_next_ones_pass(
    database: Database, books: Books
) -> None:
    Teller(database).tell([a_call() for _ in range(20)])

    def broken(calls: list[Call]) -> list[Cost]:
        raise ZeroDivisionError("no such price")

    failing = Rounds(database, broken)
    failed = failing.reprice()
    assert (failed.state, failed.failure) == ("failed", "ZeroDivisionError: no such price")
    assert Rounds(database, dearer(database)).reprice().state == "done"
    _assert_in_step(books)


def test_a_young_repricing_waits_until_all_processes_know_the_prices(database: Database) -> None:
    rounds = Rounds(database, dearer(database), rest=timedelta(hours=1))
    rounds.request()
    assert rounds.page() is None


@pytest.mark.parametrize("calls_a_page", [3, 1000])
def test_counters_never_fall_while_calls_become_cheaper_and_dearer(
    database: Database, books: Books, calls_a_page: int
) -> None:
    Teller(database).tell([a_call(started_at=START + timedelta(minutes=n)) for n in range(30)])
    seen: list[tuple[Any, ...]] = []
    for price_all in (dearer(database, 3), dearer(database, 1), _unpriced, dearer(database, 2)):
        rounds = Rounds(database, price_all, calls_a_page=calls_a_page)
        rounds.request()
        while rounds.page() is not None:
            seen.append(_counters(books))
    for before, after in pairwise(seen):
        assert all(x <= y for x, y in zip(before, after, strict=True))
    _assert_in_step(books)


def _counters(books: Books) -> tuple[Any, ...]:
    names = "cost_pico_usd, calls, unpriced_calls, input_tokens"
    (totals,) = books.rows(f"SELECT {names} FROM totals")
    taken_back = books.rows(f"SELECT {names} FROM credits") or [dict.fromkeys(totals, 0)]
    return (*totals.values(), *taken_back[0].values())


def _unpriced(calls: list[Call]) -> list[Cost]:
    return [Cost("unpriced", None, "model_unknown") for _ in calls]
