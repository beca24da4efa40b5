"""Many logs, for a long time: open files and remembered places stay bounded."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.books import Books
from tests.integration.tail.conftest import Tail
from tests.integration.tail.logs import Log, a_line

LONG_AGO = time.time() - 40 * 86_400


def _open_files(folder: Path) -> int:
    return sum(
        1
        for fd in Path("/proc/self/fd").iterdir()
        if fd.is_symlink() and str(folder) in str(fd.readlink())
    )


def test_of_many_logs_few_are_open_and_all_are_followed(
    tmp_path: Path, tail: Tail, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.tail.watching.MOST_OPEN", 6)
    monkeypatch.setattr("collector.tail.watching._QUIET_SECONDS", -1.0)
    logs = [Log(tmp_path / f"{name}.log") for name in "abcdefghijklmnop"]
    tailing = tail(tmp_path / "*.log")
    for _ in range(3):
        for log in logs:
            log.append(a_line())
        for _ in range(6):
            tailing.look()
            tailing.follower._end_rotated()
            assert _open_files(tmp_path) <= 6
    found = Counter(row["operation_id"] for row in books.rows("SELECT operation_id FROM calls"))
    assert found == Counter(name for log in logs for name in log.written)


def test_places_of_logs_that_are_long_gone_are_forgotten(
    log: Log, tail: Tail, books: Books
) -> None:
    gone = Log(log.path.with_name("gone.log"))
    elsewhere = Log(log.path.parent.parent / "elsewhere.log")
    for one in (log, gone, elsewhere):
        one.append(a_line())
        os.utime(one.path, (LONG_AGO, LONG_AGO))
    tailing = tail(log.path, gone.path, elsewhere.path)
    tailing.look()
    log.rotate()
    log.append(a_line())
    tailing.close()
    log.rotated(1).unlink()
    gone.path.unlink()
    elsewhere.path.unlink()
    assert len(books.rows("SELECT FROM ingest_marks")) == 3
    once = tail(log.path.parent / "*.log", once=True)
    once.follower.read_once()
    kept = books.rows("SELECT source FROM ingest_marks ORDER BY source")
    assert [str(row["source"]).split(":")[2] for row in kept] == [
        str(elsewhere.path),
        str(log.path),
    ]


def test_places_of_one_machine_are_not_those_of_another(log: Log, tail: Tail) -> None:
    log.append(a_line())
    assert tail(log.path, host="a").look() == {"booked": 1}
    assert tail(log.path, host="b").look() == {"booked": 1}
    assert tail(log.path, host="a").look() == {}
