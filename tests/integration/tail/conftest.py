"""Fixtures of the tail's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.settings import Settings
from ledger.storage.database import Database
from tests.integration.tail.logs import Log, Tailing

Tail = Callable[..., Tailing]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """An empty log."""
    (tmp_path / "logs").mkdir()
    log = Log(tmp_path / "logs" / "app.log")
    log.path.touch()
    return log


@pytest.fixture
def tail(database: Database, settings: Settings) -> Iterator[Tail]:
    """Starts followers, which are closed in the end."""
    started: list[Tailing] = []

    def start(*patterns: Any, **options: Any) -> Tailing:
        started.append(Tailing(database, settings, *patterns, **options))
        return started[-1]

    yield start
    for tailing in started:
        tailing.close()
