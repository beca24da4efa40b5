"""Row security of aliases: a tenant names its own models, and only an operator everybody's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from ledger.storage.database import EVERY_TENANT, Database

TENANTS = ("*", "acme", "globex")


def _insert(tenant: str, alias: str = "house") -> str:
    return (
        "INSERT INTO model_aliases (tenant, provider, alias, valid_from, target_provider,"
        f" target_model) VALUES ('{tenant}', '', '{alias}', now(), '', 'gpt-4o')"
    )


@pytest.fixture(autouse=True)
def aliases_of_two_tenants_and_of_all(database: Database) -> None:
    """An alias each."""
    with database.transaction("tollbook_app", EVERY_TENANT) as connection:
        for tenant in TENANTS:
            connection.execute(text(_insert(tenant)))


def _seen(database: Database, tenants: Sequence[str]) -> set[str]:
    with database.transaction("tollbook_app", tenants) as connection:
        return set(connection.execute(text("SELECT tenant FROM model_aliases")).scalars())


def _changed(database: Database, tenants: Sequence[str], statement: str) -> int:
    with database.transaction("tollbook_app", tenants) as connection:
        return connection.execute(text(statement)).rowcount


def test_a_tenant_sees_its_own_and_those_of_all(database: Database) -> None:
    assert _seen(database, ("acme",)) == {"acme", "*"}
    assert _seen(database, ()) == {"*"}
    assert _seen(database, EVERY_TENANT) == set(TENANTS)


@pytest.mark.parametrize("tenants", [("acme",), ("*",), ()], ids=str)
@pytest.mark.parametrize("target", ["*", "globex"])
def test_nobody_writes_the_aliases_of_others(
    database: Database, tenants: Sequence[str], target: str
) -> None:
    """A tenant that is called * is not every tenant."""
    with pytest.raises(ProgrammingError, match="row-level security"):
        _changed(database, tenants, _insert(target, "another"))
    update = f"UPDATE model_aliases SET target_model = 'x' WHERE tenant = '{target}'"
    assert _changed(database, tenants, update) == 0
    assert _changed(database, tenants, f"DELETE FROM model_aliases WHERE tenant = '{target}'") == 0


def test_a_tenant_changes_its_own(database: Database) -> None:
    assert _changed(database, ("acme",), _insert("acme", "another")) == 1
    assert _changed(database, ("acme",), "UPDATE model_aliases SET target_model = 'x'") == 2
    assert _changed(database, ("acme",), "DELETE FROM model_aliases") == 2
    assert _seen(database, EVERY_TENANT) == {"*", "globex"}


def test_an_alias_cannot_be_moved_to_another_tenant(database: Database) -> None:
    for tenant in ("globex", "*"):
        with pytest.raises(ProgrammingError, match="row-level security"):
            _changed(database, ("acme",), f"UPDATE model_aliases SET tenant = '{tenant}'")


@pytest.mark.parametrize("role", ["tollbook_ingest", "tollbook_reader"])
def test_other_roles_only_read(database: Database, role: str) -> None:
    for statement in (_insert("acme", "another"), "DELETE FROM model_aliases"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database.transaction(role, EVERY_TENANT) as connection,  # type: ignore[arg-type]
        ):
            connection.execute(text(statement))
