"""Row security of prices: a tenant agrees its own, and nobody sees or changes those of others."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ledger.storage.database import EVERY_TENANT, Database

TENANTS = ("*", "acme", "globex")
_PRICE_COLUMNS = "price_id, tenant, provider, model, factor, valid_from, recorded_at, recorded_by"
_VERSION_COLUMNS = "price_version, catalog_provider, catalog_model, context, rates, source, tenant"


def _insert(tenant: str) -> str:
    return (
        f"INSERT INTO prices ({_PRICE_COLUMNS})"
        f" VALUES (gen_random_uuid(), '{tenant}', 'openai', '*', 1, now(), now(), 'a test')"
    )


def _version(number: int, tenant: str) -> str:
    return (
        f"INSERT INTO price_versions ({_VERSION_COLUMNS})"
        f" VALUES ('{UUID(int=number)}', 'openai', 'gpt-4o', '{{}}', '{{}}', 'a test', {tenant})"
    )


@pytest.fixture(autouse=True)
def prices_of_two_tenants_and_of_all(database: Database) -> None:
    """A price and a version each, and a version of the catalog's."""
    with database.transaction("tollbook_app", EVERY_TENANT) as connection:
        for tenant in TENANTS:
            connection.execute(text(_insert(tenant)))
    with database.transaction("tollbook_ingest") as connection:
        for number, tenant in enumerate(("NULL", "'*'", "'acme'", "'globex'")):
            connection.execute(text(_version(number, tenant).replace(":", "\\:")))


def _seen(database: Database, table: str, tenants: Sequence[str]) -> set[str]:
    with database.transaction("tollbook_app", tenants) as connection:
        return set(connection.execute(text(f"SELECT tenant FROM {table}")).scalars())


def _changed(database: Database, tenants: Sequence[str], statement: str) -> int:
    with database.transaction("tollbook_app", tenants) as connection:
        return connection.execute(text(statement)).rowcount


def test_a_tenant_sees_its_own_prices_and_those_of_all(database: Database) -> None:
    assert _seen(database, "prices", ("acme",)) == {"acme", "*"}
    assert _seen(database, "price_versions", ("acme",)) == {None, "acme", "*"}
    assert _seen(database, "prices", EVERY_TENANT) == set(TENANTS)
    assert _seen(database, "price_versions", EVERY_TENANT) == {None, *TENANTS}


@pytest.mark.parametrize("tenants", [("acme",), ("*",), ()], ids=str)
@pytest.mark.parametrize("target", ["*", "globex"])
def test_nobody_agrees_or_withdraws_the_prices_of_others(
    database: Database, tenants: Sequence[str], target: str
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        _changed(database, tenants, _insert(target))
    withdraw = f"UPDATE prices SET withdrawn_at = now() WHERE tenant = '{target}'"
    assert _changed(database, tenants, withdraw) == 0


def test_a_tenant_withdraws_its_own(database: Database) -> None:
    assert _changed(database, ("acme",), "UPDATE prices SET withdrawn_at = now()") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE prices SET factor = 0",
        "DELETE FROM prices",
        "UPDATE price_versions SET rates = '{}'",
    ],
)
def test_no_price_is_edited_even_by_an_operator(database: Database, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _changed(database, EVERY_TENANT, statement)


def test_exchange_rates_are_the_operators(database: Database) -> None:
    rate = (
        "INSERT INTO exchange_rates (currency, valid_on, recorded_at, usd_per_unit, recorded_by)"
        " VALUES ('EUR', '2026-11-02', now(), 1, 'a test')"
    )
    with pytest.raises(ProgrammingError, match="row-level security"):
        _changed(database, ("acme",), rate)
    assert _changed(database, EVERY_TENANT, rate) == 1
    with pytest.raises(ProgrammingError, match="permission denied"):
        _changed(database, EVERY_TENANT, "UPDATE exchange_rates SET usd_per_unit = 2")


@pytest.mark.parametrize("role", ["tollbook_ingest", "tollbook_reader"])
def test_other_roles_only_read(database: Database, role: str) -> None:
    for statement in (_insert("acme"), "UPDATE prices SET withdrawn_at = now()"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction(role, EVERY_TENANT) as connection,  # type: ignore[arg-type]
        ):
            connection.execute(text(statement))
