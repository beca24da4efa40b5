"""The Postgres that everything is measured on: a database for each scenario."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from ledger.storage.embedded.server import EmbeddedPostgres
from tests.servers.databases import TestServer


class Server:
    """A running Postgres of the benchmark's own."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self._databases = TestServer(url)
        self.version = self._databases.version

    @property
    def postmaster(self) -> int:
        """Process id of the server, the parent of all its processes."""
        pid_file = self.home / "postgres" / "data" / "postmaster.pid"
        return int(pid_file.read_text().split(maxsplit=1)[0])

    def fresh_ledger(self) -> AbstractContextManager[str]:
        """URL of an empty ledger that is dropped afterwards."""
        return self._databases.fresh_database()

    def fresh_database(self) -> AbstractContextManager[str]:
        """URL of a database without anything in it, dropped afterwards."""
        return self._databases.fresh_database(migrated=False)


@contextmanager
def postgres() -> Iterator[Server]:
    """A Postgres under a home that is removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tollbook-bench-"))
    home.chmod(0o755)
    try:
        with EmbeddedPostgres(home).in_use() as url:
            yield Server(home, url)
    finally:
        shutil.rmtree(home, ignore_errors=True)
