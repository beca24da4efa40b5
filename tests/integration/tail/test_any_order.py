"""Whatever happens to a log, in whatever order: each of its calls is booked once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from collector.pipeline.intake import Intake
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.integration.books import Books
from tests.integration.tail.logs import Log, Tailing, a_line, operation

_MACHINES = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class _LogLife(RuleBasedStateMachine):
    """A log that is written, rotated, copied, emptied and followed, also after restarts."""

    def __init__(self, database: Database, books: Books, intake: Intake, named: str) -> None:
        super().__init__()
        self.database, self.books, self.intake = database, books, intake
        self.folder = Path(tempfile.mkdtemp(prefix="tollbook-log-"))
        self.tenant = self.folder.name
        self.log = Log(self.folder / "app.log")
        self.pattern = self.folder / named
        self.begun = b""
        self.start()

    def start(self) -> None:
        self.tailing = Tailing(
            self.database,
            Settings(home=self.folder),
            self.pattern,
            host=self.tenant,
            intake=self.intake,
        )

    @initialize()
    def first_line(self) -> None:
        """From here on Tollbook knows the log; what was rotated earlier would not be read."""
        self.append(1, 0)
        self.look(ended=False)

    @rule(lines=st.integers(1, 12), padding=st.sampled_from([0, 0, 0, 900]))
    def append(self, lines: int, padding: int) -> None:
        self.complete()
        self.log.append(*(a_line(tenant=self.tenant, message="x" * padding) for _ in range(lines)))

    @rule(share=st.floats(0.01, 0.99))
    def begin_a_line(self, share: float) -> None:
        self.complete()
        line = a_line(tenant=self.tenant)
        length = int(len(line) * share)
        self.log.append_raw(line[:length])
        self.log.written.append(operation(line))
        self.begun = line[length:]

    @rule()
    def complete(self) -> None:
        self.log.append_raw(self.begun)
        self.begun = b""

    @rule(garbage=st.binary(max_size=300))
    def write_something_else(self, garbage: bytes) -> None:
        self.complete()
        self.log.append_raw(garbage + b"\n")

    @precondition(lambda self: not self.log.rotated(8).exists())
    @rule()
    def rotate(self) -> None:
        self.complete()
        self.log.rotate()

    @precondition(lambda self: not self.log.rotated(8).exists())
    @rule()
    def copytruncate(self) -> None:
        self.complete()
        self.log.copytruncate()

    @rule()
    def empty(self) -> None:
        """What was not read by then is lost, so it is read first."""
        self.complete()
        self.look(ended=False)
        os.truncate(self.log.path, 0)

    @precondition(lambda self: self.log.rotated(3).exists())
    @rule()
    def delete_the_oldest(self) -> None:
        self.look(ended=False)
        for number in range(3, 11):
            self.log.rotated(number).unlink(missing_ok=True)

    @rule(ended=st.booleans())
    def look(self, ended: bool) -> None:
        self.tailing.follower.look()
        if ended:
            self.tailing.follower._end_rotated()

    @rule()
    def restart(self) -> None:
        self.tailing.close()
        self.start()

    def teardown(self) -> None:
        self.complete()
        self.look(ended=True)
        self.look(ended=False)
        self.restart()
        self.look(ended=False)
        self.tailing.close()
        shutil.rmtree(self.folder)
        rows = self.books.rows(f"SELECT operation_id FROM calls WHERE tenant = '{self.tenant}'")
        assert Counter(row["operation_id"] for row in rows) == Counter(self.log.written)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated logs count as ended at once."""
    monkeypatch.setattr("collector.tail.watching._QUIET_SECONDS", -1.0)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("named", ["app.log", "app.log*"])
def test_each_call_is_booked_once(
    database: Database, books: Books, tmp_path: Path, named: str
) -> None:
    intake = Intake(database, Settings(home=tmp_path))

    class Life(_LogLife):
        def __init__(self) -> None:
            super().__init__(database, books, intake, named)

    run_state_machine_as_test(Life, settings=_MACHINES)
    assert books.ingest_counts().get(("tail", "duplicate"), 0) == 0
