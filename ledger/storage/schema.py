"""Bringing a database to the current schema, by one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from ledger.domain.errors import InvalidSetting, LedgerUnavailable
from ledger.storage.database import driver_url, first_line
from ledger.storage.roles import ROLES, ensure_roles

OLDEST_POSTGRES = 15
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str) -> str:
    """Create the roles and apply the missing migrations; returns the schema's revision.

    Raises InvalidSetting when the server is older than Postgres 15, not in UTF-8, or does not let
    us; LedgerUnavailable when it does not answer.
    """
    engine = create_engine(driver_url(url), connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            _refuse_unsuitable_server(connection)
            connection.execute(text("SET LOCAL lock_timeout = '30s'"))
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended('tollbook.migrate', 0))")
            )
            ensure_roles(connection)
            connection.execute(text("SET LOCAL ROLE tollbook_owner"))
            command.upgrade(_config(connection), "head")
    except OperationalError as error:
        raise LedgerUnavailable(f"Postgres does not answer: {first_line(error)}") from error
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise InvalidSetting(
            f"TOLLBOOK_DATABASE_URL: the login may not prepare the database"
            f" ({first_line(error)}); it needs CREATEROLE, or an administrator creates"
            f" {', '.join(ROLES)} and grants them to it"
        ) from error
    finally:
        engine.dispose()
    return newest_revision()


def newest_revision() -> str:
    """The revision this version of Tollbook works with."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None when it holds no ledger."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _refuse_unsuitable_server(connection: Connection) -> None:
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if version < OLDEST_POSTGRES * 10_000:
        raise InvalidSetting(
            f"TOLLBOOK_DATABASE_URL: the server is Postgres {version // 10_000}; Tollbook needs"
            f" {OLDEST_POSTGRES} or newer"
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise InvalidSetting(
            f"TOLLBOOK_DATABASE_URL: the database is encoded in {encoding}; Tollbook needs UTF8"
        )
