"""Logs as apps and rotation write them, and a follower of them that can be restarted."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

from collector.pipeline.intake import Intake
from collector.tail.following import Follower
from collector.tail.handover import Handover
from collector.tail.logfiles.finding import Finder
from collector.tail.memory import Memory, load_contents
from collector.tail.watching import Watch
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import START
from tests.integration.books import Books

_numbers = count(1)


def a_line(**changes: Any) -> bytes:
    """A call as a logger writes it, with no id; its operation_id tells it from all others."""
    fields = {
        "asctime": "2026-11-02 09:30:00,000",
        "levelname": "INFO",
        "message": "llm call",
        "tenant": "acme",
        "started_at": START.isoformat(),
        "model": "gpt-4o-mini",
        "usage": {"input_tokens": 1000, "output_tokens": 100},
        "operation_id": f"op-{next(_numbers)}",
    }
    return json.dumps({**fields, **changes}).encode() + b"\n"


def operation(line: bytes) -> str:
    """What tells the call of a line from all others."""
    return str(json.loads(line)["operation_id"])


def operations(books: Books) -> Counter[str]:
    """The calls that were booked, by what tells them apart."""
    return Counter(row["operation_id"] for row in books.rows("SELECT operation_id FROM calls"))


class Log:
    """One log and its rotated forms."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: list[str] = []

    def append(self, *lines: bytes) -> None:
        """Write whole lines of calls."""
        with self.path.open("ab") as file:
            file.write(b"".join(lines))
        self.written += [operation(line) for line in lines]

    def append_raw(self, text: bytes) -> None:
        """Write anything."""
        with self.path.open("ab") as file:
            file.write(text)

    def rotate(self) -> None:
        """Rename, as logrotate does with `create`."""
        self._shift()
        self.path.rename(self.rotated(1))
        self.path.touch()

    def copytruncate(self) -> None:
        """Copy and empty, as logrotate does with `copytruncate`."""
        self._shift()
        shutil.copyfile(self.path, self.rotated(1))
        with self.path.open("r+b") as file:
            file.truncate(0)

    def rotated(self, number: int) -> Path:
        """The path of a rotated form."""
        return self.path.with_name(f"{self.path.name}.{number}")

    def _shift(self) -> None:
        for number in range(9, 0, -1):
            if self.rotated(number).exists():
                self.rotated(number).rename(self.rotated(number + 1))


def assert_each_once(books: Books, *logs: Log) -> None:
    """Every call that was written is booked, and none came twice."""
    assert operations(books) == Counter(name for log in logs for name in log.written)
    assert books.ingest_counts().get(("tail", "duplicate"), 0) == 0


class Tailing:
    """A follower in this process, as `tollbook tail` builds it."""

    def __init__(
        self, database: Database, settings: Settings, *patterns: Path | str, **options: Any
    ) -> None:
        self.stopping = threading.Event()
        intake = options.get("intake") or Intake(database, settings)
        self.handover = Handover(intake, database, self.stopping)
        once = options.get("once", False)
        contents = load_contents(self.handover, database, options.get("host", "host-1"))
        self.watch = Watch(
            Finder([str(pattern) for pattern in patterns]),
            contents,
            once=once,
            from_end=options.get("from_end", False),
        )
        self.follower = Follower(
            self.watch,
            contents,
            self.handover,
            default_tenant=options.get("default_tenant"),
            stopping=self.stopping,
            memory=Memory(self.watch, contents, database),
        )

    def look(self) -> dict[str, int]:
        """One look; what became of the lines since the start."""
        self.follower.look()
        return dict(+self.handover.tally)

    def close(self) -> None:
        """Let the files go, as the end of a process does."""
        for family in self.watch.by_family():
            for followed in family:
                self.watch.drop(followed)
