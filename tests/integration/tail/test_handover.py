"""What was read is booked, or held back, or refused: never dropped and never twice."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future

import pytest

from collector.pipeline.intake import Intake
from collector.pipeline.outcome import Outcome
from collector.receivers.accepted import Accepted
from collector.tail.handover import Handover, Stopped
from exporters.postgres.batches import Mark
from ledger.domain.errors import LedgerUnavailable
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.integration.books import Books

MARK = Mark("tail:host:log:1", 700, {"name": "1"})


def _accepted(*ids: str, ignored: int = 0) -> Accepted:
    calls = [a_call(id=name, receiver="tail") for name in ids]
    return Accepted(receiver="tail", calls=calls, ignored=ignored)


@pytest.fixture
def handover(database: Database, settings: Settings) -> Handover:
    return Handover(Intake(database, settings), database, threading.Event())


def test_the_place_is_booked_with_the_calls(handover: Handover, books: Books) -> None:
    handover.book(_accepted("a", "b"), MARK)
    assert books.rows("SELECT source, place, detail FROM ingest_marks") == [
        {"source": MARK.source, "place": 700, "detail": {"name": "1"}}
    ]
    assert handover.tally == {"booked": 2}


def test_an_answer_that_was_lost_is_asked_for_and_not_booked_again(
    database: Database, settings: Settings, books: Books
) -> None:
    class Forgetful(Intake):
        """Books, and then cannot say so: as when the connection breaks with the commit."""

        answers = 0

        def book(
            self,
            accepted: Accepted,
            mark: Mark | None = None,
        ) -> Future[Outcome]:
            outcome = super().book(accepted, mark)
            outcome.result()
            self.answers += 1
            if self.answers == 1:
                raise LedgerUnavailable("gone")
            return outcome

    intake = Forgetful(database, settings)
    Handover(intake, database, threading.Event()).book(_accepted("a", ignored=5), MARK)
    counts = books.ingest_counts()
    assert counts["tail", "booked"] == 1
    assert counts["tail", "ignored"] == 5
    assert ("tail", "duplicate") not in counts


def test_told_to_stop_while_the_ledger_is_away_it_gives_up(settings: Settings) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    stopping = threading.Event()
    threading.Timer(0.3, stopping.set).start()
    with pytest.raises(Stopped):
        Handover(Intake(nowhere, settings), nowhere, stopping).book(_accepted("a"), MARK)


def test_a_call_that_the_ledger_chokes_on_is_refused_and_the_others_booked(
    handover: Handover, books: Books
) -> None:
    # Validation stops such a name; here it stands for whatever one day slips through.
    accepted = _accepted("a", "b", "c")
    accepted.calls[1] = a_call(id="choke", response_id="\ud800")
    handover.book(accepted, MARK)
    rows = books.rows("SELECT id FROM calls ORDER BY id")
    assert Counter(row["id"] for row in rows) == Counter(["a", "c"])
    (refused,) = books.rows("SELECT reason, receiver FROM refused_records")
    assert "the ledger could not take it" in refused["reason"]
    assert refused["receiver"] == "tail"
    assert handover.tally == {"booked": 2, "rejected": 1}
    assert books.rows("SELECT place FROM ingest_marks") == [{"place": 700}]
