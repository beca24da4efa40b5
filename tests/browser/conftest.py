"""Fixtures: one Chromium for all, watched pages, and ledgers filled through the API."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.browser.known_calls import known_records
from tests.browser.watched import Watched
from tests.servers.databases import TestServer
from tests.servers.in_process import InProcessClient
from tests.servers.processes import free_port, running

# As Debian's Chromium needs them in containers, and silent towards the outside.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

Book = Callable[..., None]
Visit = Callable[..., Page]


@dataclass(frozen=True)
class Known:
    """Dashboards on a ledger of known calls that no test adds to."""

    url: str
    now: datetime
    """When its latest calls were made."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One real Chromium; the tests are skipped where there is none."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def known(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """Real dashboards on the calls of `known_calls`, shared by the tests that only look."""
    now = datetime.now(UTC)
    with server.fresh_database() as url:
        _fill(url, tmp_path_factory.mktemp("known"), known_records(now))
        bind = f"127.0.0.1:{free_port()}"
        origin = f"http://{bind}"
        with running("dashboards", ready_url=f"{origin}/", database_url=url, dashboards_bind=bind):
            yield Known(origin, now)


def _fill(url: str, home: Path, records: list[dict[str, Any]]) -> None:
    database = Database(url)
    client = InProcessClient(Collector(database, Settings(home=home)).front)
    _booker(client)(*records)
    database.close()


def _booker(client: InProcessClient) -> Book:
    def book(*records: dict[str, Any]) -> None:
        answer = client.post("/v1/calls", json=list(records))
        assert answer.get_json() == {"booked": len(records), "duplicate": 0, "rejected": []}

    return book


@pytest.fixture
def book(client: InProcessClient) -> Book:
    """Books records through the real API; a refused or already known one fails the test."""
    return _booker(client)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page as `visit(url, path, **options of the context)`.

    Anything that a person with open developer tools would see go wrong fails the test.
    """
    opened: list[Watched] = []

    def visit(url: str, path: str = "/", **options: Any) -> Page:
        watched = Watched(browser, url, **options)
        opened.append(watched)
        return watched.open(path)

    yield visit
    for watched in opened:
        watched.close()
    assert [fault for watched in opened for fault in watched.faults] == []
