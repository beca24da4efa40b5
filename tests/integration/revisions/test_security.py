"""Row security of re-pricings and months, and the self-check of closed months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from collector.jobs.upkeep import check_books
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.commands.months import close_month
from ledger.domain.errors import NotFound
from ledger.domain.revisions.months import month_of
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import list_closed, statement_of
from ledger.queries.revisions.repricings import differences_of, list_repricings
from ledger.storage.database import Database
from ledger.storage.revisions.month_check import check_months
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.revisions.repricing import Rounds, dearer

_THIS = month_of(datetime.now(UTC), "UTC")
_LAST = month_of(datetime(_THIS.year, _THIS.month, 1, tzinfo=UTC) - timedelta(days=1), "UTC")
_IN_LAST_MONTH = datetime(_LAST.year, _LAST.month, 15, tzinfo=UTC)
_TABLES = ("repricings", "repricing_differences", "closed_months", "month_adjustments")


@pytest.fixture(autouse=True)
def two_tenants(database: Database, reader: Reader) -> None:
    """Each with a closed month and an adjustment, re-priced alone and with everybody."""
    tenants = ("acme", "bolt")
    Teller(database).tell([a_call(tenant=name, started_at=_IN_LAST_MONTH) for name in tenants])
    for name in tenants:
        close_month(reader, tenant=name, month=_LAST)
    rounds = Rounds(database, dearer(database))
    period = {"start": _IN_LAST_MONTH, "end": _IN_LAST_MONTH + timedelta(days=1)}
    for name in ("*", *tenants):
        assert rounds.reprice(tenant=name, adjust_closed=True, **period).state == "done"


def _seen(database: Database, table: str, tenants: Sequence[str]) -> set[str]:
    with database.transaction("tollbook_app", tenants) as connection:
        return set(connection.execute(text(f"SELECT tenant FROM {table}")).scalars())


@pytest.mark.parametrize("table", _TABLES)
def test_a_tenant_sees_its_own_only(database: Database, table: str) -> None:
    assert _seen(database, table, ("acme",)) == {"acme"}
    assert _seen(database, table, ()) == set()
    assert {"acme", "bolt"} <= _seen(database, table, EVERY_TENANT)


def test_a_tenants_questions_are_answered_from_its_own(database: Database) -> None:
    acme = Reader(database, Principal("acme's", ("acme",)))
    assert {one.wanted.tenant for one in list_repricings(acme)} == {"acme"}
    assert {row["tenant"] for row in differences_of(acme, 1)} == {"acme"}
    assert {one.tenant for one in list_closed(acme)} == {"acme"}
    with pytest.raises(NotFound):
        statement_of(acme, tenant="bolt", month=_LAST)
    with pytest.raises(NotFound):
        close_month(acme, tenant="bolt", month=_LAST)


@pytest.mark.parametrize("tenant", ["*", "bolt"])
def test_nobody_has_the_calls_of_others_repriced(database: Database, tenant: str) -> None:
    statement = (
        "INSERT INTO repricings (tenant, from_at, to_at, filter, reason, dry_run, adjust_closed,"
        f" requested_by) VALUES ('{tenant}', now(), now() + '1 day', '{{}}', '', true, true, 'me')"
    )
    for tenants in (("acme",), ("*",), ()):
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            database.transaction("tollbook_app", tenants) as connection,
        ):
            connection.execute(text(statement))
    stop = text(f"UPDATE repricings SET state = 'cancelled' WHERE tenant = '{tenant}'")
    with database.transaction("tollbook_app", ("acme",)) as connection:
        assert connection.execute(stop).rowcount == 0


def test_closed_months_are_held_against_the_ledger(
    database: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with database.transaction("tollbook_ingest") as connection:
        assert check_months(connection) == (0, 0)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE month_adjustments SET calls = 2, cost_pico_usd = 0")
    check_books(database)
    assert "closed months and what was adjusted of them do not agree" in caplog.text
    with database.transaction("tollbook_ingest") as connection:
        assert check_months(connection).calls == 4
