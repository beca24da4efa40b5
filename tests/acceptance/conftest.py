"""Fixtures of the acceptance tests: a collector that the tests of one file share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.api import Api
from tests.servers.collectors import collecting
from tests.servers.databases import TestServer


@pytest.fixture(scope="module")
def shared_database_url(server: TestServer) -> Iterator[str]:
    """A migrated database for all tests of a file."""
    with server.fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def shared_collector_url(shared_database_url: str) -> Iterator[str]:
    """A real collector for all tests of a file, each with a tenant of its own."""
    with collecting(shared_database_url) as collector:
        yield collector.url


@pytest.fixture(scope="module")
def shared_api(shared_collector_url: str) -> Iterator[Api]:
    """The API of the shared collector."""
    api = Api(shared_collector_url)
    yield api
    api.close()
