"""Databases for tests on a real Postgres: one server a session, a fresh database a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql

from ledger.storage.schema import migrate

_TEMPLATE = "tollbook_template"


class TestServer:
    """A running Postgres on which databases are made by copying a migrated one."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self._url = url.rsplit("/", 1)[0]
        with psycopg.connect(url) as connection:
            self.version = str(connection.info.parameter_status("server_version"))
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        migrate(self.url_of(_TEMPLATE))

    def url_of(self, database: str) -> str:
        """URL of a database on this server."""
        return f"{self._url}/{database}"

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        """URL of a new database that is dropped afterwards."""
        name = f"test_{uuid4().hex[:12]}"
        template = sql.Identifier(_TEMPLATE if migrated else "template1")
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), template)
        )
        try:
            yield self.url_of(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute(statement)
