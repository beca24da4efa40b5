"""Fixtures: a real Postgres for the session, a fresh migrated database and application a test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.app import Collector
from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database
from ledger.storage.embedded.server import EmbeddedPostgres
from tests.servers.databases import TestServer
from tests.servers.in_process import InProcessClient
from tests.servers.processes import free_port, running


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """A real Postgres of the session's own."""
    home = Path(tempfile.mkdtemp(prefix="tollbook-tests-"))
    home.chmod(0o755)
    try:
        with EmbeddedPostgres(home).in_use() as url:
            yield TestServer(url)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database_url(server: TestServer) -> Iterator[str]:
    """URL of a fresh, migrated database."""
    with server.fresh_database() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated ledger."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def reader(database: Database) -> Reader:
    """A reader that sees every tenant of `database`."""
    return Reader(database, LOCAL_OPERATOR)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings as an operator without any would get them."""
    return Settings(home=tmp_path)


@pytest.fixture
def client(database: Database, settings: Settings) -> InProcessClient:
    """The collector's API on `database`, in this process."""
    return InProcessClient(Collector(database, settings).front)


@pytest.fixture
def collector_url(database_url: str) -> Iterator[str]:
    """A real collector of two processes on `database`, over HTTP."""
    bind = f"127.0.0.1:{free_port()}"
    with running(
        "collect",
        ready_url=f"http://{bind}/readyz",
        database_url=database_url,
        collector_bind=bind,
        dashboards_bind=f"127.0.0.1:{free_port()}",
        ingest_workers="2",
    ):
        yield f"http://{bind}"


@pytest.fixture
def dashboards_url(database_url: str) -> Iterator[str]:
    """Real dashboards on `database`, over HTTP."""
    bind = f"127.0.0.1:{free_port()}"
    with running(
        "dashboards", ready_url=f"http://{bind}/", database_url=database_url, dashboards_bind=bind
    ):
        yield f"http://{bind}"
