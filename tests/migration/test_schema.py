"""The migrations make the schema that the code describes, on every Postgres we promise."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from ledger.domain.errors import InvalidSetting
from ledger.storage.database import Database, driver_url
from ledger.storage.embedded.user import choose_server_user, reap_servers
from ledger.storage.roles import ROLES
from ledger.storage.schema import migrate, newest_revision
from ledger.storage.tables import metadata
from tests.servers.databases import TestServer

_POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


def _differences(url: str) -> list[object]:
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _object, name, kind, _reflected, _compared: (
                    not (
                        kind == "table"
                        and (name == "alembic_version" or name.startswith(("calls_", "call_keys_")))
                    )
                )
            },
        )
        differences: list[object] = compare_metadata(context, metadata)
    engine.dispose()
    return differences


def test_the_migrated_schema_is_the_described_one(server: TestServer) -> None:
    with server.fresh_database() as url:
        assert _differences(url) == []


def test_migrating_again_changes_nothing(server: TestServer) -> None:
    with server.fresh_database() as url:
        assert migrate(url) == newest_revision()
        assert _differences(url) == []


def test_an_empty_database_is_migrated_whole(server: TestServer) -> None:
    with server.fresh_database(migrated=False) as url:
        migrate(url)
        assert _differences(url) == []


def test_the_four_roles_own_what_they_should(server: TestServer) -> None:
    with server.fresh_database() as url, psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles"
            " WHERE rolname LIKE 'tollbook\\_%' ORDER BY 1"
        ).fetchall()
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert rows == [(role, False, False, False) for role in sorted(ROLES)]
    assert owners == [("tollbook_owner",)]


def test_an_ordinary_login_can_migrate_and_work(server: TestServer) -> None:
    """Managed servers hand out no superuser: a login that may create roles has to do."""
    with server.fresh_database(migrated=False) as url, psycopg.connect(url) as connection:
        name = url.rsplit("/", 1)[1]
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD 'plain'")
        connection.execute(f"GRANT tollbook_owner, tollbook_app, tollbook_ingest,"
                           f" tollbook_reader TO {name}")  # fmt: skip
        connection.execute(f"ALTER DATABASE {name} OWNER TO {name}")
        connection.commit()
        host = url.partition("@")[2]
        plain = f"postgresql://{name}:plain@{host}"
        try:
            migrate(plain)
            database = Database(plain)
            with database.transaction("tollbook_app", "*") as app:
                assert app.execute(text("SELECT count(*) FROM calls")).scalar_one() == 0
            database.close()
        finally:
            connection.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")
            connection.commit()


@pytest.mark.skipif(not _POSTGRES_15.exists(), reason="no Postgres 15 on this machine")
def test_the_oldest_promised_postgres_takes_the_schema_and_a_call() -> None:
    with _postgres_15() as url:
        migrate(url)
        assert _differences(url) == []
        database = Database(url)
        with database.transaction("tollbook_ingest") as connection:
            made = connection.execute(
                text("SELECT ensure_call_partitions(ARRAY['2026-11-02'::date])")
            ).scalar_one()
        database.close()
        assert made == 1


def test_a_database_in_another_encoding_is_refused(server: TestServer) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(InvalidSetting, match="UTF8"):
                migrate(server.url_of("latin"))
        finally:
            connection.execute("DROP DATABASE latin WITH (FORCE)")


@contextmanager
def _postgres_15() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="tollbook-pg15-"))
    home.chmod(0o755)
    data = home / "data"
    user = choose_server_user(_POSTGRES_15, home, data)
    data.mkdir(mode=0o700)
    user.own(data)
    done = user.run(
        [
            *(_POSTGRES_15 / "initdb", "-D", data, "-U", "test", "-A", "trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ]
    )
    assert done.returncode == 0, done.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"postgresql://test@127.0.0.1:{port}/postgres"
    try:
        with (home / "log").open("ab") as log:
            user.spawn(
                [
                    *(_POSTGRES_15 / "postgres", "-D", data),
                    *("-h", "127.0.0.1", "-p", str(port), "-k", ""),
                ],
                log,
            )
        _wait_for(url)
        yield url
    finally:
        pid = (data / "postmaster.pid").read_text().splitlines()[0]
        subprocess.run(["kill", "-INT", pid], check=True)
        deadline = time.monotonic() + 20
        while (data / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        reap_servers()
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
