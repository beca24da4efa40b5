"""A call is booked exactly once, however often and in whatever company it is sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest

from exporters.postgres.batches import Batch, Booked
from exporters.postgres.booking import Booker
from exporters.postgres.pricer import Pricer
from ledger.domain.calls import PricedCall
from ledger.domain.usage import Usage
from ledger.pricing.book import PriceBook
from ledger.storage.database import Database
from tests.factories.calls import START, a_call
from tests.integration.books import Books


@pytest.fixture
def booker(database: Database) -> Booker:
    return _booker(database)


def _booker(database: Database) -> Booker:
    return Booker(database, price=Pricer(database).price, default_time_zone="UTC")


def _varied_calls(number: int, seed: int = 1) -> list[PricedCall]:
    random, prices = Random(seed), PriceBook()
    calls = [
        a_call(
            id=f"varied-{seed}-{place}",
            tenant=random.choice(["acme", "globex", "initech"]),
            model=random.choice(["gpt-4o", "gpt-4o-mini", "gpt-unheard-of"]),
            feature=random.choice(["", "search", "chat"]),
            status=random.choice(["ok", "ok", "ok", "error"]),
            started_at=START + timedelta(seconds=random.uniform(0, 2 * 86_400)),
            usage=Usage(
                input_tokens=random.randrange(5000),
                cache_read_tokens=random.choice([None, 0, 700]),
                output_tokens=random.randrange(900),
            ),
            duration_seconds=random.choice([None, 0.64, random.lognormvariate(0, 1)]),
            time_to_first_token_seconds=random.choice([None, random.uniform(0.05, 2)]),
        )
        for place in range(number)
    ]
    return [PricedCall(call, prices.price(call)) for call in calls]


def _book(booker: Booker, batches: list[Batch]) -> list[Booked]:
    return booker.book([booker.prepare(batch) for batch in batches])


def _batch(calls: list[PricedCall]) -> Batch:
    return Batch(receiver="calls", calls=calls)


def test_the_same_batch_twice_changes_nothing(booker: Booker, books: Books) -> None:
    calls = _varied_calls(500)
    assert _book(booker, [_batch(calls)]) == [Booked(booked=500, duplicate=0)]
    before = books.everything()
    assert _book(booker, [_batch(calls)]) == [Booked(booked=0, duplicate=500)]
    assert books.everything() == before
    assert books.ingest_counts() == {
        ("calls", "received"): 1000,
        ("calls", "booked"): 500,
        ("calls", "duplicate"): 500,
    }


def test_a_copy_within_one_commit_is_booked_for_the_first_request_that_brought_it(
    booker: Booker, books: Books
) -> None:
    calls = _varied_calls(10)
    results = _book(booker, [_batch(calls[:6]), _batch(calls[4:]), _batch([calls[0], calls[0]])])
    assert results == [
        Booked(booked=6, duplicate=0),
        Booked(booked=4, duplicate=2),
        Booked(booked=0, duplicate=2),
    ]
    assert books.counted("calls")["calls"] == 10


def test_the_same_id_of_another_tenant_is_another_call(booker: Booker, books: Books) -> None:
    calls = [a_call(id="same"), a_call(id="same", tenant="globex")]
    prices = PriceBook()
    _book(booker, [_batch([PricedCall(call, prices.price(call)) for call in calls])])
    assert books.counted("calls")["calls"] == 2


def test_calls_rollups_and_totals_agree_in_every_measure(booker: Booker, books: Books) -> None:
    for seed in range(4):
        _book(booker, [_batch(_varied_calls(300, seed))])
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")
    assert books.histogram("calls") == books.histogram("rollups") == books.histogram("totals")


def test_splitting_a_batch_in_any_way_gives_the_same_books(
    booker: Booker, books: Books, other_database: Database, other_books: Books
) -> None:
    calls = _varied_calls(240)
    _book(booker, [_batch(calls)])
    other = _booker(other_database)
    shuffled = Random(7).sample(calls, len(calls))
    for start in range(0, len(shuffled), 37):
        _book(other, [_batch(shuffled[start : start + 37])])
    assert books.everything() == other_books.everything()


def test_two_writers_on_the_same_calls_neither_deadlock_nor_double(
    database: Database, books: Books
) -> None:
    calls = _varied_calls(1500)
    orders = [Random(seed).sample(calls, len(calls)) for seed in range(4)]

    def send(order: list[PricedCall]) -> int:
        writer = _booker(database)
        parts = [order[start : start + 100] for start in range(0, len(order), 100)]
        return sum(_book(writer, [_batch(part)])[0].booked for part in parts)

    with ThreadPoolExecutor(4) as senders:
        booked = list(senders.map(send, orders))
    assert sum(booked) == len(calls)
    assert books.counted("calls")["calls"] == len(calls)
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")


def test_calls_of_other_years_find_their_day(booker: Booker, books: Books) -> None:
    years = [a_call(started_at=START.replace(year=year)) for year in (2015, 2019, 2024)]
    prices = PriceBook()
    _book(booker, [_batch([PricedCall(call, prices.price(call)) for call in years])])
    assert books.counted("calls")["calls"] == 3
    assert {"calls_20151102", "calls_20191102", "calls_20241102"} <= books.partitions()
