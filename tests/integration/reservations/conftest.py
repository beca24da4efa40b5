"""A client of the API that asks about budgets and reservations."""

from __future__ import annotations

import pytest

from tests.integration.reservations.asking import Till
from tests.servers.in_process import InProcessClient


@pytest.fixture
def till(client: InProcessClient) -> Till:
    """Asks the API on a fresh ledger."""
    return Till(client)
