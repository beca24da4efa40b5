"""Calls are found by the ids of all their records, also when their keys are long gone."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest

from ledger.access.principals import Principal
from ledger.domain.calls import Call
from ledger.domain.errors import LedgerUnavailable
from ledger.queries.reader import Reader
from ledger.queries.records.names import Named, record_named, records_of_id
from ledger.storage.database import Database
from ledger.storage.partitions import drop_keys_before, ensure_key_partitions
from tests.factories.calls import START, a_call
from tests.factories.spans import a_span
from tests.integration.bookings import DAY, Teller
from tests.integration.books import Books

_dropped = pytest.mark.parametrize("dropped", [False, True])


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


def _drop_keys(database: Database, teller: Teller) -> None:
    """What happens to keys after days; the days of keys are then made anew."""
    with database.transaction("tollbook_ingest") as connection:
        drop_keys_before(connection, date(2100, 1, 1))
    with pytest.raises(LedgerUnavailable, match="dropped"):
        teller.tell([a_call()])


def _found(reader: Reader, call_id: str, tenant: str = "acme", most: int = 10) -> list[Named]:
    with reader.connection() as connection:
        return records_of_id(connection, tenant=tenant, call_id=call_id, most=most)


def _itself(call: Call) -> Named:
    return Named(call.started_at, call.started_at, call.id)


@_dropped
def test_a_call_is_found_by_the_id_of_each_of_its_records(
    teller: Teller, database: Database, reader: Reader, dropped: bool
) -> None:
    one = a_span("1", scope="first", response_id="r")
    other = a_span("2", scope="second", response_id="r", started_at=START - 3 * DAY)
    alone = a_call(started_at=START - 40 * DAY)
    teller.tell([one, alone])
    teller.tell([other])
    if dropped:
        _drop_keys(database, teller)
    assert _found(reader, one.id) == [Named(START, START, one.id)]
    assert _found(reader, other.id) == [Named(other.started_at, START, one.id)]
    assert _found(reader, alone.id) == [_itself(alone)]
    assert _found(reader, "nobody's") == []
    with reader.connection() as connection:
        for record in (one, other):
            named = record_named(
                connection, tenant="acme", call_id=record.id, started_at=record.started_at
            )
            assert named is not None
            assert named.call == (START, one.id)


def test_calls_of_one_id_are_found_across_what_came_lately_and_what_came_long_ago(
    database: Database, reader: Reader
) -> None:
    calls = [a_call(id="x", started_at=START - ago * DAY) for ago in (0, 5, 30, 200)]
    teller = Teller(database, timedelta(0))
    for call in calls[1::2]:
        teller.tell([call])
    _drop_keys(database, teller)
    for call in calls[::2]:
        teller.tell([call])
    for most in range(1, 6):
        assert _found(reader, "x", most=most) == [_itself(call) for call in calls[:most]]


def test_days_that_were_booked_before_ids_were_kept_are_read(
    teller: Teller, database: Database, database_url: str, reader: Reader
) -> None:
    call = a_call(started_at=START - 9 * DAY)
    teller.tell([call])
    _drop_keys(database, teller)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE known_ids SET words = NULL")
    assert _found(reader, call.id) == [_itself(call)]


def test_of_many_days_few_are_read_in_vain(
    teller: Teller, database: Database, reader: Reader, books: Books
) -> None:
    calls = [a_call(started_at=START - n % 90 * DAY) for n in range(900)]
    teller.tell(calls)
    _drop_keys(database, teller)
    assert books.rows("SELECT count(*) AS n FROM known_ids") == [{"n": 90}]
    for call in calls[::50]:
        assert _found(reader, call.id) == [_itself(call)]


@_dropped
def test_the_same_id_of_another_tenant_is_another_call(
    teller: Teller, database: Database, reader: Reader, dropped: bool
) -> None:
    later = START + timedelta(hours=1)
    teller.tell([a_call(id="x"), a_call(id="x", tenant="globex", started_at=later)])
    if dropped:
        _drop_keys(database, teller)
    theirs = Reader(database, Principal("globex's viewer", ("globex",)))
    assert [one.started_at for one in _found(reader, "x", "acme")] == [START]
    assert [one.started_at for one in _found(theirs, "x", "globex")] == [later]
    assert _found(theirs, "x", "acme") == []


def test_keys_that_are_kept_are_not_among_the_dropped(
    teller: Teller, database: Database, books: Books
) -> None:
    teller.tell([a_call()])
    with database.transaction("tollbook_ingest") as connection:
        ensure_key_partitions(connection, [date(2026, 1, 1)])
        assert drop_keys_before(connection, date(2026, 1, 2)) == 1
    assert books.rows("SELECT * FROM known_ids") == []
