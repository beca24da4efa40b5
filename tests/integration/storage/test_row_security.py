"""Row security: the third wall between tenants, tried with raw SQL as each role."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ledger.storage.database import EVERY_TENANT, Database, Role
from tests.factories.calls import a_record
from tests.servers.in_process import InProcessClient

_TENANT_TABLES = (
    "tenants", "series", "calls", "rollups", "totals", "metric_label_sets", "refused_records",
    "outcomes", "copies", "call_keys",
)  # fmt: skip


@pytest.fixture(autouse=True)
def two_tenants(client: InProcessClient) -> None:
    """Two tenants with a call told twice, a refused record and a verdict; a scrape of /metrics."""
    for tenant in ("acme", "globex"):
        records = [
            a_record(tenant=tenant, id="told twice"),
            a_record(tenant=tenant, usage={"input_tokens": -1}),
            a_record(tenant=tenant, id="told twice", started_at="2026-11-02T09:30:01Z"),
        ]
        assert client.post("/v1/calls", json=records).status_code == 200
        verdict = {"tenant": tenant, "verdict": "accepted"}
        path = f"/v1/calls/{records[0]['id']}/outcome"
        assert client.post(path, json=verdict).status_code == 200
    assert client.get("/metrics").status_code == 200


def _tenants_seen(database: Database, role: Role, tenants: Sequence[str], table: str) -> set[str]:
    with database.transaction(role, tenants) as connection:
        return set(connection.execute(text(f"SELECT tenant FROM {table}")).scalars())


@pytest.mark.parametrize("table", _TENANT_TABLES)
def test_without_a_tenant_the_app_sees_no_row(database: Database, table: str) -> None:
    assert _tenants_seen(database, "tollbook_app", (), table) == set()


@pytest.mark.parametrize("table", _TENANT_TABLES)
def test_with_a_tenant_the_app_sees_only_its_rows(database: Database, table: str) -> None:
    assert _tenants_seen(database, "tollbook_app", ("acme",), table) == {"acme"}


@pytest.mark.parametrize("table", _TENANT_TABLES)
def test_several_tenants_may_be_named(database: Database, table: str) -> None:
    seen = _tenants_seen(database, "tollbook_app", ("acme", "globex", "nobody"), table)
    assert seen == {"acme", "globex"}


@pytest.mark.parametrize("table", _TENANT_TABLES)
def test_the_operator_sees_every_tenant(database: Database, table: str) -> None:
    with database.transaction("tollbook_app", EVERY_TENANT) as connection:
        seen = set(connection.execute(text(f"SELECT tenant FROM {table}")).scalars())
    assert seen == {"acme", "globex"}


@pytest.mark.parametrize(
    "name", ["*", "acme,globex", '"acme"', "{acme,globex}", "acme' OR '1'='1", "[]", '["acme"]', ""]
)
def test_no_tenant_name_opens_the_rows_of_another(database: Database, name: str) -> None:
    assert _tenants_seen(database, "tollbook_app", (name,), "calls") == set()


@pytest.mark.parametrize(
    "table",
    [
        table
        for table in _TENANT_TABLES
        if table not in ("metric_label_sets", "copies", "call_keys")
    ],
)
def test_the_reader_is_bound_like_the_app(database: Database, table: str) -> None:
    assert _tenants_seen(database, "tollbook_reader", (), table) == set()
    assert _tenants_seen(database, "tollbook_reader", ("globex",), table) == {"globex"}


def test_the_tenant_ends_with_the_transaction(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL ROLE tollbook_app")
            connection.execute("""SET LOCAL tollbook.tenants = '["acme"]'""")
            assert connection.execute("SELECT count(*) FROM calls").fetchone() == (1,)
        with connection.transaction():
            connection.execute("SET LOCAL ROLE tollbook_app")
            assert connection.execute("SELECT count(*) FROM calls").fetchone() == (0,)


def test_no_role_reaches_a_partition_past_its_parent(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        partition = connection.execute(
            # Those of keys are different: bookings look for copies in them.
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
            " AND relname LIKE 'calls\\_%' LIMIT 1"
        ).fetchone()
    assert partition is not None
    roles: tuple[Role, ...] = ("tollbook_app", "tollbook_ingest", "tollbook_reader")
    for role in roles:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction(role, EVERY_TENANT) as connection,
        ):
            connection.execute(text(f"SELECT * FROM {partition[0]}"))


@pytest.mark.parametrize("role", ["tollbook_app", "tollbook_reader"])
@pytest.mark.parametrize("table", _TENANT_TABLES)
def test_people_s_roles_change_nothing(database: Database, role: Role, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET tenant = 'acme'"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction(role, EVERY_TENANT) as connection,
        ):
            connection.execute(text(statement))


def test_booked_calls_cannot_be_edited_even_by_ingest(database: Database) -> None:
    for statement in ("DELETE FROM calls", "UPDATE calls SET cost_pico_usd = 0"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction("tollbook_ingest") as connection,
        ):
            connection.execute(text(statement))


_JUDGE = """
    INSERT INTO outcomes (tenant, call_id, given_at, outcome_id, verdict)
    VALUES ('globex', 'x', now(), gen_random_uuid(), 'rejected')
"""


def test_nobody_judges_the_calls_of_another_tenant(database: Database) -> None:
    others: tuple[tuple[Role, Sequence[str]], ...] = (
        ("tollbook_app", ("acme",)),
        ("tollbook_app", ()),
        ("tollbook_reader", EVERY_TENANT),
    )
    for role, tenants in others:
        with (
            pytest.raises(ProgrammingError, match=r"row-level security|permission denied"),
            database.transaction(role, tenants) as connection,
        ):
            connection.execute(text(_JUDGE))
    with database.transaction("tollbook_app", ("globex",)) as connection:
        connection.execute(text(_JUDGE))


def test_a_verdict_once_given_cannot_be_edited_by_anybody(database: Database) -> None:
    roles: tuple[Role, ...] = ("tollbook_app", "tollbook_ingest", "tollbook_reader")
    for role in roles:
        for statement in ("DELETE FROM outcomes", "UPDATE outcomes SET verdict = 'accepted'"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                database.transaction(role, EVERY_TENANT) as connection,
            ):
                connection.execute(text(statement))
