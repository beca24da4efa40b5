"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.storage.database import Database
from tests.integration.books import Books
from tests.servers.databases import TestServer


@pytest.fixture
def books(database_url: str) -> Books:
    """The tables of `database`."""
    return Books(database_url)


@pytest.fixture
def other_url(server: TestServer) -> Iterator[str]:
    """URL of a second ledger."""
    with server.fresh_database() as url:
        yield url


@pytest.fixture
def other_database(other_url: str) -> Iterator[Database]:
    """A second ledger."""
    database = Database(other_url)
    yield database
    database.close()


@pytest.fixture
def other_books(other_url: str) -> Books:
    """The tables of `other_database`."""
    return Books(other_url)
