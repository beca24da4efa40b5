"""A principal's way to read the ledger: every question runs as the app role, under row security."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from ledger.access.principals import Principal
from ledger.storage.database import Database


class Reader:
    """Answers the questions of one principal."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database = database
        self.principal = principal

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One read transaction; it sees the principal's tenants and no others."""
        with self._database.transaction("tollbook_app", self.principal.tenants) as connection:
            yield connection
