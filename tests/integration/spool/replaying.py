"""Replaying in a process of its own, through the way that all requests take."""

from __future__ import annotations

import os
import random
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


def replay_until_killed(directory: Path, url: str, seed: int, kills: float) -> None:
    """Replay; after a commit, with the probability `kills`, die before the files are deleted."""
    database = Database(url)
    dice = random.Random(seed)
    book = booked_by(Intake(database, Settings(home=directory)))

    def book_and_perhaps_die(requests: Sequence[Spooled]) -> None:
        book(requests)
        if dice.random() < kills:
            os.kill(os.getpid(), signal.SIGKILL)

    spool = Spool(directory, SPOOL_BYTES)
    Replayer(spool, SpoolMarks(database), book_and_perhaps_die).start()
    time.sleep(60)
