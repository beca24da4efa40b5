"""The embedded Postgres: started once, shared, adopted, and stopped by the last who used it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.domain.errors import EmbeddedPostgresFailed
from ledger.storage.embedded.server import EmbeddedPostgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that other users may enter, as a server's would be."""
    folder = Path(tempfile.mkdtemp(prefix="tollbook-home-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_it_runs_while_it_is_used_and_keeps_its_rows(home: Path) -> None:
    with EmbeddedPostgres(home).in_use() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with pytest.raises(EmbeddedPostgresFailed):
        EmbeddedPostgres(home).url()
    with EmbeddedPostgres(home).in_use() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_second_user_shares_the_server_and_the_last_one_stops_it(home: Path) -> None:
    first, second = EmbeddedPostgres(home).in_use(), EmbeddedPostgres(home).in_use()
    url = first.__enter__()
    assert second.__enter__() == url
    first.__exit__(None, None, None)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.__exit__(None, None, None)
    with pytest.raises(EmbeddedPostgresFailed):
        EmbeddedPostgres(home).url()


def test_it_listens_on_loopback_only_and_wants_its_password(home: Path) -> None:
    with EmbeddedPostgres(home).in_use() as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        password = (home / "postgres" / "password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "wrong"))
        assert (home / "postgres" / "password").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to lend Postgres another identity")
def test_under_a_private_home_root_lends_it_a_user_namespace(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private).in_use() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert private.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with (
        pytest.raises(EmbeddedPostgresFailed, match="TOLLBOOK_HOME"),
        EmbeddedPostgres(file / "home").in_use(),
    ):
        pass
