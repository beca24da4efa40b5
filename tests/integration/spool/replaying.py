"""Replaying in a process of its own, through the way that all requests take."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from collector.pipeline.intake import Intake
from collector.spool.booking import booked_by
from collector.spool.replay import Replayer
from collector.spool.settling import Spooled
from collector.spool.spool import Spool
from exporters.postgres.spool_marks import SpoolMarks
from ledger.settings import Settings
from ledger.storage.database import Database

SPOOL_BYTES = 2**26


def replay_until_killed(directory: Path, url: str, commits: int | None) -> None:
    """Replay; after so many commits die before the files of the last one are deleted."""
    database = Database(url)
    book = booked_by(Intake(database, Settings(home=directory)).book)
    done = 0

    def book_and_die(requests: Sequence[Spooled]) -> None:
        nonlocal done
        book(requests)
        done += 1
        if done == commits:
            os.kill(os.getpid(), signal.SIGKILL)

    Replayer(Spool(directory, SPOOL_BYTES), SpoolMarks(database), book_and_die).start()
    time.sleep(60)
