"""Fixtures of the API tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.servers.databases import TestServer
from tests.servers.in_process import InProcessClient


@pytest.fixture(scope="package")
def idle_client(
    server: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InProcessClient]:
    """The API on a ledger shared by tests whose requests must not book anything."""
    with server.fresh_database() as url:
        database = Database(url)
        client = InProcessClient(
            Collector(database, Settings(home=tmp_path_factory.mktemp("idle"))).front
        )
        yield client
        assert client.get("/v1/spend").get_json()["rows"][0]["calls"] == 0
        database.close()
