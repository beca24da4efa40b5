"""Writers write and replayers are killed at random: in the end everything is booked once."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest

from collector.spool.replay import Replayer
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.storage.database import Database
from tests.factories.requests import an_accepted_request, put_together
from tests.integration.books import Books
from tests.integration.spool.marked_booking import MarkedBooking

_processes = multiprocessing.get_context("spawn")
_PUTS = 400
_BACKLOG = 4_000


def _write(directory: Path) -> None:
    spool = Spool(directory, 2**26)
    for _ in range(_PUTS // 2):
        spool.put(an_accepted_request())
    for _ in range(_PUTS // 20):
        put_together(spool, [an_accepted_request() for _ in range(10)])


def _replay(directory: Path, url: str) -> None:
    database = Database(url)
    Replayer(Spool(directory, 2**26), SpoolMarks(database), MarkedBooking(database).book).start()
    time.sleep(60)


@pytest.mark.timeout(120)
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
    writers = [_processes.Process(target=_write, args=(spool.directory,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    kills = 0
    while any(writer.is_alive() for writer in writers) or kills < 6:
        replaying = _processes.Process(target=_replay, args=(spool.directory, database_url))
        replaying.start()
        time.sleep(dice.uniform(1.0, 1.8))
        replaying.kill()
        replaying.join()
        kills += 1
    assert replayer.replay() == 0
    assert spool.usage().files == 0
    assert books.ingest_counts() == {("calls", "booked"): _BACKLOG + 2 * _PUTS}
    assert books.rows("SELECT * FROM ingest_marks") == []
