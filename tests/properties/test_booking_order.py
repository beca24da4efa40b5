"""In whichever order, splits and processes records come: the books are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.postgres.pricer import Pricer
from ledger.domain.calls import Call
from ledger.domain.dimensions import series_id
from ledger.domain.ingest import JOINED_LATER, PARTED_LATER
from ledger.domain.joining import join
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.database import Database
from ledger.storage.self_check import check_day, check_ingest, check_totals
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.properties.records import distinct
from tests.servers.databases import TestServer

_numbers = count()


@dataclass
class _Ledger:
    database: Database
    books: Books

    def of_tenant(self, tenant: str) -> dict[str, list[dict[str, Any]]]:
        """One tenant's part of the books, without its name."""
        return {
            table: [
                {name: value for name, value in row.items() if name != "tenant"}
                for row in rows
                if row["tenant"] == tenant
            ]
            for table, rows in self.books.everything().items()
        }

    def counts(self, receiver: str) -> Counter[str]:
        return Counter(
            {name: n for (of, name), n in self.books.ingest_counts().items() if of == receiver}
        )


@pytest.fixture(scope="module")
def ledger(server: TestServer) -> Iterator[_Ledger]:
    with server.fresh_database() as url:
        database = Database(url)
        yield _Ledger(database, Books(url))
        database.close()


def _of(tenant: str, records: list[Call]) -> list[Call]:
    return [msgspec.structs.replace(record, tenant=tenant) for record in records]


def _commits(records: list[Call], random: Random) -> Iterator[list[list[Call]]]:
    """The records shuffled, some of them twice, cut into commits of batches."""
    told = [*records, *random.sample(records, len(records) // 3)]
    random.shuffle(told)
    while told:
        commit = []
        for _ in range(random.choice([1, 1, 2])):
            size = random.choice([1, 1, 2, 4])
            commit.append(told[:size])
            told = told[size:]
        yield commit


@settings(max_examples=20)
@given(distinct(9), st.randoms(use_true_random=False), st.sampled_from([1, 400]))
def test_any_order_and_any_splits_over_two_processes_give_the_books_of_one_quiet_booking(
    ledger: _Ledger, records: list[Call], random: Random, window_days: int
) -> None:
    number, window = next(_numbers), timedelta(days=window_days)
    quiet, busy = f"quiet-{number}", f"busy-{number}"
    Teller(ledger.database, window).tell(_of(quiet, records), quiet)
    later_before = ledger.counts("")
    tellers = [Teller(ledger.database, window), Teller(ledger.database, window)]
    told = 0
    for commit in _commits(_of(busy, records), random):
        if random.random() < 0.1:
            tellers[0] = Teller(ledger.database, window)
        random.choice(tellers).tell_together(commit, busy)
        told += sum(map(len, commit))
    busy_books = ledger.of_tenant(busy)
    assert busy_books == ledger.of_tenant(quiet)
    assert _summed(busy_books) == _expected(ledger.database, records)
    counts, later = ledger.counts(busy), ledger.counts("")
    assert told == counts["received"] == counts["booked"] + counts["duplicate"]
    later.subtract(later_before)
    in_books = counts["booked"] - later[JOINED_LATER] + later[PARTED_LATER]
    assert in_books == len(busy_books["calls"])
    _check_itself(ledger.database, records)


def _expected(database: Database, records: list[Call]) -> Counter[tuple[str, str]]:
    """Calls, cost and tokens by series, added up one by one."""
    price = Pricer(database).price
    sums: Counter[tuple[str, str]] = Counter()
    for one in join(records):
        series = str(series_id(one.call.series))
        sums[series, "calls"] += 1
        sums[series, "cost_pico_usd"] += price(one.call).pico_usd or 0
        for name in TOKEN_FIELDS:
            sums[series, name] += getattr(one.call.usage, name) or 0
    return +sums


def _summed(books: dict[str, list[dict[str, Any]]]) -> Counter[tuple[str, str]]:
    """The same out of the rollups, which the totals have to equal."""
    sums: dict[str, Counter[tuple[str, str]]] = {}
    for table in ("rollups", "totals"):
        sums[table] = Counter()
        for row in books[table]:
            for name in ("calls", "cost_pico_usd", *TOKEN_FIELDS):
                sums[table][str(row["series_id"]), name] += int(row[name])
    assert sums["rollups"] == sums["totals"]
    return +sums["rollups"]


def _check_itself(database: Database, records: list[Call]) -> None:
    with database.transaction("tollbook_ingest") as connection:
        assert check_totals(connection) == (0, 0)
        assert check_ingest(connection) == []
        for day in {record.started_at.date() for record in records}:
            assert check_day(connection, "test", day) == (0, 0)
