"""Replayers are killed, at random and after every commit: in the end everything is booked once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from pathlib import Path

import pytest

from collector.pipeline.intake import Intake
from collector.spool.booking import booked_by
from collector.spool.replay import Replayer
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.factories.requests import a_mixed_request, an_accepted_request, put_together
from tests.integration.books import Books
from tests.integration.spool.replaying import SPOOL_BYTES, replay_until_killed

_processes = multiprocessing.get_context("spawn")
_PUTS = 400
_BACKLOG = 3_000


@pytest.fixture
def replayer(spool: Spool, database: Database, settings: Settings) -> Replayer:
    """A replayer in this process, on the real way of booking."""
    return Replayer(spool, SpoolMarks(database), booked_by(Intake(database, settings).book))


def _write(directory: Path, tenant: str) -> None:
    spool = Spool(directory, SPOOL_BYTES)
    requests = [an_accepted_request(calls=[a_call(tenant=tenant)]) for _ in range(_PUTS)]
    for request in requests[: _PUTS // 2]:
        spool.put(request)
    for start in range(_PUTS // 2, _PUTS, 10):
        put_together(spool, requests[start : start + 10])


def test_requests_are_booked_with_everything_that_is_counted(
    spool: Spool, replayer: Replayer, books: Books
) -> None:
    request = a_mixed_request()
    spool.put(request)
    spool.put(an_accepted_request(0, ignored=3))
    assert replayer.replay() == 0
    counts = books.ingest_counts()
    assert counts["traces", "received"] == 4
    assert (counts["traces", "booked"], counts["traces", "rejected"]) == (2, 1)
    assert (counts["traces", "ignored"], counts["calls", "ignored"]) == (1, 3)
    rows = books.rows("SELECT id, tags, raw_usage FROM calls ORDER BY id")
    assert {row["id"]: (row["tags"], row["raw_usage"]) for row in rows} == {
        call.id: (call.tags, call.raw_usage) for call in request.calls
    }
    assert [row["reason"] for row in books.rows("SELECT * FROM refused_records")] == ["negative"]


def test_what_was_committed_before_a_kill_is_not_booked_again(
    spool: Spool, replayer: Replayer, database_url: str, books: Books
) -> None:
    for _ in range(5):
        spool.put(an_accepted_request(ignored=1))
    replaying = _processes.Process(
        target=replay_until_killed, args=(spool.directory, database_url, 1)
    )
    replaying.start()
    replaying.join(60)
    assert replaying.exitcode == -signal.SIGKILL
    assert spool.usage().files == len(books.rows("SELECT * FROM ingest_marks")) == 5
    assert replayer.replay() == 0
    assert spool.usage().files == len(books.rows("SELECT * FROM ingest_marks")) == 0
    counts = {key: records for key, records in books.ingest_counts().items() if records}
    assert counts == {("calls", "received"): 10, ("calls", "booked"): 5, ("calls", "ignored"): 5}


@pytest.mark.timeout(150)
def test_every_request_is_booked_once_though_replayers_are_killed(
    spool: Spool,
    replayer: Replayer,
    database_url: str,
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(7)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _descriptor: None)
        for _ in range(_BACKLOG):
            spool.put(an_accepted_request())
    writers = [
        _processes.Process(target=_write, args=(spool.directory, tenant))
        for tenant in ("globex", "initech")
    ]
    for writer in writers:
        writer.start()
    for commits in (1, None, 2, None):
        replaying = _processes.Process(
            target=replay_until_killed, args=(spool.directory, database_url, commits)
        )
        replaying.start()
        replaying.join(dice.uniform(1.0, 3.0) if commits is None else 60)
        replaying.kill()
        replaying.join()
        if commits is not None:
            assert books.rows("SELECT * FROM ingest_marks") != []
    for writer in writers:
        writer.join()
    assert replayer.replay() == 0
    assert spool.usage().files == 0
    everything = _BACKLOG + 2 * _PUTS
    counts = {key: records for key, records in books.ingest_counts().items() if records}
    assert counts == {("calls", "received"): everything, ("calls", "booked"): everything}
    assert books.counted("calls") == books.counted("totals")
    assert books.rows("SELECT * FROM ingest_marks") == []
