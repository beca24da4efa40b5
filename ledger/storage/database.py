"""Connections to the ledger and the transactions in which every room works.

A transaction takes on one of the ledger's roles and, for people's reads, the tenants it may see.
Both end with the transaction (SET LOCAL), which is what keeps them apart behind a pooler. None
waits for ever for a Postgres that hangs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger.domain.errors import LedgerUnavailable
from ledger.storage.deadlines.deadlines import PATIENCE_SECONDS, Deadlines
from ledger.storage.deadlines.pulse import Pulse

Role = Literal["tollbook_owner", "tollbook_app", "tollbook_ingest", "tollbook_reader"]

EVERY_TENANT = "*"
"""Value of the transaction's tenant setting that lets row security show all tenants."""

_STATEMENT_TIMEOUT_SECONDS: dict[Role, int] = {
    "tollbook_owner": 0,
    "tollbook_app": 30,
    "tollbook_ingest": 60,
    "tollbook_reader": 30,
}
_MOST_SECONDS: dict[Role, float | None] = {
    # Migrations take as long as they take, and nobody waits for them unawares.
    "tollbook_owner": None,
    "tollbook_app": 60.0,
    # Jobs go through whole days; while Postgres lives its own timeout bounds each statement.
    "tollbook_ingest": math.inf,
    "tollbook_reader": 60.0,
}
"""How long a transaction may take in all; with None it is not watched at all."""

_NO_ANSWER = (
    OperationalError,
    PoolTimeout,
    psycopg.OperationalError,
    IdleInTransactionSessionTimeout,
)


class Database:
    """A pool of connections to one ledger."""

    def __init__(
        self, url: str, *, max_connections: int = 10, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """After the patience a transaction that waits makes us find out whether Postgres lives."""
        self.url = url
        self._engine = create_engine(
            driver_url(url),
            pool_size=max_connections,
            max_overflow=0,
            pool_timeout=5,
            pool_use_lifo=True,  # the backend used last has its catalogs and temporary tables warm
            connect_args={
                "prepare_threshold": None,
                "connect_timeout": 5,
                "application_name": "tollbook",
            },
        )
        pulse = Pulse(_driver_conninfo(url))
        self._deadlines = Deadlines(self._engine, pulse.is_felt, patience_seconds)

    @contextmanager
    def transaction(
        self,
        role: Role,
        tenants: Sequence[str] | Literal["*"] = (),
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[Connection]:
        """Run the block in one transaction as `role`, which sees only `tenants` if it is bound.

        It takes `deadline_seconds` at most, or else what is usual for the role. Raises
        LedgerUnavailable when Postgres cannot be reached, goes away, or takes no writes and the
        block writes; LedgerHangs when it does not answer or the deadline passes.
        """
        with self._deadlines.over(deadline_seconds or _MOST_SECONDS[role]) as watch:
            try:
                with self._engine.begin() as connection:
                    driver_connection(connection).execute(_preamble(role, tenants))
                    yield connection
            except (DBAPIError, PoolTimeout, psycopg.Error) as error:
                unavailable = self._deadlines.hung(error, watch) or _unavailable(error)
                if unavailable is None:
                    raise
                raise unavailable from error

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()


def driver_connection(connection: Connection) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection under SQLAlchemy's, for COPY."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _unavailable(error: Exception) -> LedgerUnavailable | None:
    """What an error means if it is that Postgres cannot be worked with; None for all others."""
    if isinstance(error, _NO_ANSWER):
        if _is_beyond_limits(error):
            return None
        return LedgerUnavailable(f"Postgres does not answer: {first_line(error)}")
    if _is_refusal_to_write(error):
        return LedgerUnavailable(f"Postgres takes no writes: {first_line(error)}")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return LedgerUnavailable(f"Postgres went away: {first_line(error)}")
    return None


def _is_beyond_limits(error: Exception) -> bool:
    """Class 54: what was to be written is too large or too complex; trying again cannot help."""
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith("54")


def _is_refusal_to_write(error: Exception) -> bool:
    """A standby, or a server that was made read-only: the primary may be back in a moment."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, psycopg.Error):
        return False
    # A standby's refusal to give a transaction its number has no code of its own.
    return cause.sqlstate == "25006" or "TransactionIds during recovery" in str(cause)


def _preamble(role: Role, tenants: Sequence[str] | Literal["*"]) -> sql.Composed:
    return sql.SQL(
        "SET LOCAL ROLE {role}; SET LOCAL tollbook.tenants = {tenants};"
        " SET LOCAL statement_timeout = {timeout}; SET LOCAL TIME ZONE 'UTC';"
        " SET LOCAL idle_in_transaction_session_timeout = '60s'"
    ).format(
        role=sql.Identifier(role),
        tenants=sql.Literal(_tenant_setting(tenants)),
        timeout=sql.Literal(f"{_STATEMENT_TIMEOUT_SECONDS[role]}s"),
    )


def _tenant_setting(tenants: Sequence[str] | Literal["*"]) -> str:
    if tenants == EVERY_TENANT:
        return EVERY_TENANT
    return json.dumps(list(tenants), ensure_ascii=False) if tenants else ""


def driver_url(url: str) -> URL:
    """The URL with the driver that Tollbook uses, whichever way the operator wrote it."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _driver_conninfo(url: str) -> str:
    """The URL as the driver itself takes it."""
    return driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def first_line(error: Exception) -> str:
    """What Postgres said, without the statement and the hints that follow."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0]
