"""Fixtures of the tests of notices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.notices.delivering import Deliverer
from ledger.storage.database import Database
from tests.servers.notice_targets import Mailbox, Webhook, a_mailbox, a_webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A webhook that takes notices."""
    with a_webhook() as hook:
        yield hook


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server that takes notices."""
    with a_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def deliverer(database: Database) -> Iterator[Deliverer]:
    """What sends notices of `database`."""
    deliverer = Deliverer(database, public_url="https://tollbook.example.com/")
    yield deliverer
    deliverer.close()
