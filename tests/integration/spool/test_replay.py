"""What is in the spool is booked in order, once, whatever dies and whatever is damaged."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from collector.spool.replay import Replayer
from collector.spool.settling import Spooled
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.domain.errors import LedgerUnavailable
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.factories.requests import an_accepted_request, put_together
from tests.integration.books import Books
from tests.integration.spool.marked_booking import MarkedBooking
from tests.servers.processes import free_port


def fill(spool: Spool, count: int, tenant: str = "acme") -> list[str]:
    """Put so many requests of one call; returns the calls' ids."""
    requests = [an_accepted_request(calls=[a_call(tenant=tenant)]) for _ in range(count)]
    for request in requests:
        spool.put(request)
    return [request.calls[0].id for request in requests]


def marks(books: Books) -> int:
    return len(books.rows("SELECT * FROM ingest_marks"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_everything_is_booked_in_order_and_nothing_stays_behind(
    spool: Spool, replayer: Replayer, booking: MarkedBooking, books: Books
) -> None:
    ids = fill(spool, 30)
    assert replayer.replay() == 0
    assert booking.order == ids
    assert booking.transactions == 1
    assert spool.usage().files == 0
    assert marks(books) == 0
    assert books.ingest_counts() == {("calls", "booked"): 30}


def test_several_requests_of_one_file_have_marks_of_their_own(
    spool: Spool, database: Database
) -> None:
    seen: list[Spooled] = []
    replayer = Replayer(spool, SpoolMarks(database), seen.extend)
    fill(spool, 2)
    replayer.replay()
    assert len({request.mark.source for request in seen}) == 2


def test_nothing_is_lost_or_changed_while_postgres_is_away(spool: Spool) -> None:
    away = Database(f"postgresql://127.0.0.1:{free_port()}/nothing")
    fill(spool, 3)
    replayer = Replayer(spool, SpoolMarks(away), MarkedBooking(away).book)
    with pytest.raises(LedgerUnavailable):
        replayer.replay()
    assert spool.usage().files == 3


def test_a_request_that_fails_for_good_is_dead_lettered_and_the_others_are_booked(
    spool: Spool, replayer: Replayer, booking: MarkedBooking, books: Books
) -> None:
    before, _, after = fill(spool, 2), fill(spool, 1, "final"), fill(spool, 2)
    assert replayer.replay() == 0
    assert booking.order == before + after
    assert books.ingest_counts() == {("calls", "booked"): 4, ("calls", "dead_lettered"): 1}
    assert spool.usage().files == marks(books) == 0


def test_an_unexpected_fault_is_tried_thrice_before_it_counts_as_final(
    spool: Spool, replayer: Replayer, booking: MarkedBooking, books: Books
) -> None:
    _, after = fill(spool, 1, "unexpected"), fill(spool, 1)
    assert [replayer.replay() for _ in range(3)] == [1, 1, 0]
    assert booking.order == after
    assert books.ingest_counts() == {("calls", "booked"): 1, ("calls", "dead_lettered"): 1}
    assert spool.usage().files == 0


def test_a_request_that_postgres_does_not_take_now_lets_the_others_pass(
    spool: Spool, database: Database, booking: MarkedBooking
) -> None:
    def book(requests: Sequence[Spooled]) -> None:
        if any(call.tenant == "slow" for request in requests for call in request.accepted.calls):
            raise LedgerUnavailable("it took too long")
        booking.book(requests)

    replayer = Replayer(spool, SpoolMarks(database), book)
    _, after = fill(spool, 1, "slow"), fill(spool, 3)
    assert replayer.replay() == 1
    assert replayer.replay() == 1
    assert booking.order == after
    assert spool.usage().files == 1


def test_a_commit_whose_answer_is_lost_is_not_repeated(
    spool: Spool, database: Database, booking: MarkedBooking, books: Books
) -> None:
    def book(requests: Sequence[Spooled]) -> None:
        booking.book(requests)
        raise LedgerUnavailable("the answer was lost")

    ids = fill(spool, 3)
    assert Replayer(spool, SpoolMarks(database), book).replay() == 0
    assert booking.order == ids
    assert spool.usage().files == marks(books) == 0


def test_without_dead_letters_what_fails_is_kept_and_can_be_put_back(
    spool: Spool, database: Database, booking: MarkedBooking, books: Books
) -> None:
    good, bad = an_accepted_request(2), an_accepted_request(calls=[a_call(tenant="final")])
    put_together(spool, [good, bad])
    Replayer(spool, SpoolMarks(database), booking.book).replay()
    assert (spool.usage().files, spool.usage().failed_files) == (0, 1)
    (kept,) = (spool.directory / "failed").iterdir()
    kept.rename(spool.directory / kept.name)
    (name,) = spool.files()
    assert spool.read(name).entries == [(0, bad)]
    assert books.ingest_counts() == {("calls", "booked"): 2}


def test_a_damaged_file_is_set_aside_and_the_rest_goes_on(
    spool: Spool,
    replayer: Replayer,
    booking: MarkedBooking,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before, lost, after = fill(spool, 1), fill(spool, 1), fill(spool, 1)
    path = spool.directory / str(spool.files()[1])
    path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.ERROR):
        assert replayer.replay() == 0
    assert booking.order == before + after
    assert lost[0] not in booking.order
    assert (spool.usage().files, spool.usage().damaged_files) == (0, 1)
    assert "the file is cut off; 0 of its 1 records could be read" in caplog.text


def test_what_is_good_of_a_damaged_file_is_booked(
    spool: Spool, replayer: Replayer, booking: MarkedBooking, books: Books
) -> None:
    put_together(spool, [an_accepted_request() for _ in range(3)])
    path = spool.directory / str(spool.files()[0])
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\xff")
    replayer.replay()
    assert books.ingest_counts() == {("calls", "booked"): 2}
    assert (spool.usage().files, spool.usage().damaged_files) == (0, 1)


def test_a_file_that_cannot_be_read_lets_the_others_pass(
    spool: Spool, replayer: Replayer, booking: MarkedBooking
) -> None:
    fill(spool, 1)
    (name,) = spool.files()
    (spool.directory / str(name)).unlink()
    (spool.directory / str(name)).mkdir()
    after = fill(spool, 1)
    assert replayer.replay() == 1
    assert booking.order == after


def test_thousands_of_small_files_are_replayed_in_seconds(
    spool: Spool, replayer: Replayer, booking: MarkedBooking, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _descriptor: None)
        ids = fill(spool, 3_000)
    started = time.monotonic()
    assert replayer.replay() == 0
    assert time.monotonic() - started < 30
    assert booking.order == ids


def test_marks_left_by_a_kill_after_the_files_went_are_forgotten(
    spool: Spool, replayer: Replayer, database: Database, books: Books
) -> None:
    fill(spool, 3)
    file = str(spool.files()[0])
    with database.transaction("tollbook_ingest") as connection:
        for source in (
            f"spool:{spool.identity()}:gone.spool:0",
            f"spool:{spool.identity()}:{file}:0",
            "spool:another:gone.spool:0",
            "tail:/var/log/app.log",
        ):
            connection.execute(
                text("INSERT INTO ingest_marks (source, place) VALUES (:source, 1)"),
                {"source": source},
            )
    replayer.replay()
    left = {row["source"] for row in books.rows("SELECT source FROM ingest_marks")}
    assert left == {"spool:another:gone.spool:0", "tail:/var/log/app.log"}
    assert books.ingest_counts() == {("calls", "booked"): 2}


def test_threads_of_several_processes_replay_one_at_a_time_and_take_over(
    spool: Spool, database: Database
) -> None:
    bookings = [MarkedBooking(database) for _ in range(2)]
    replayers = [Replayer(spool, SpoolMarks(database), booking.book) for booking in bookings]
    replayers[0].start()
    first = fill(spool, 3)
    until(lambda: spool.usage().files == 0)
    replayers[1].start()
    second = fill(spool, 3)
    until(lambda: spool.usage().files == 0)
    assert (bookings[0].order, bookings[1].order) == (first + second, [])
    replayers[0].stop()
    third = fill(spool, 3)
    until(lambda: spool.usage().files == 0)
    replayers[1].stop()
    assert bookings[1].order == third


def test_the_thread_waits_for_postgres_and_says_so_once(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    away = Database(f"postgresql://127.0.0.1:{free_port()}/nothing")
    fill(spool, 1)
    replayer = Replayer(spool, SpoolMarks(away), MarkedBooking(away).book)
    with caplog.at_level(logging.WARNING):
        replayer.start()
        time.sleep(2.0)
        replayer.stop()
    assert [r.levelname for r in caplog.records if "spool" in r.name] == ["WARNING"]
    assert spool.usage().files == 1


def test_a_thread_on_a_spool_that_is_not_there_makes_nothing(
    spool: Spool, replayer: Replayer
) -> None:
    replayer.start()
    time.sleep(0.8)
    replayer.stop()
    assert not spool.directory.exists()
