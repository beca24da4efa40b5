"""Setting and removing other names of models."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unicodedata import category

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.domain.errors import InvalidRecord, NotFound
from ledger.pricing.aliases import Alias
from ledger.queries.aliases import SUBJECT
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import model_aliases

MOST_ALIASES_A_TENANT = 10_000
LONGEST_TEXT = 256

_CHANGED = text("""
    INSERT INTO configuration_versions AS known (subject, version) VALUES (:subject, 1)
    ON CONFLICT (subject) DO UPDATE SET version = known.version + 1
""")


def set_alias(reader: Reader, alias: Alias, note: str | None = None) -> None:
    """Say what a name stands for; it replaces what was said for the same moment.

    Calls that come in later are booked under the new name; what is booked stays as it is. Raises
    InvalidRecord for texts that cannot be, and when the tenant has too many aliases.
    """
    for name in ("tenant", "provider", "alias", "target_provider", "target_model"):
        _check_text(name, getattr(alias, name), may_be_empty=name.endswith("provider"))
    _check_text("note", note or "", may_be_empty=True)
    values: dict[str, Any] = {name: getattr(alias, name) for name in alias.__struct_fields__}
    statement = insert(model_aliases).values(**values, note=note)
    statement = statement.on_conflict_do_update(
        index_elements=[column.name for column in model_aliases.primary_key],
        set_={
            "target_provider": statement.excluded.target_provider,
            "target_model": statement.excluded.target_model,
            "note": statement.excluded.note,
        },
    )
    number = select(func.count()).where(model_aliases.c.tenant == alias.tenant)
    with reader.connection() as connection:
        _count_change(connection)
        connection.execute(statement)
        if connection.execute(number).scalar_one() > MOST_ALIASES_A_TENANT:
            raise InvalidRecord(
                "alias", f"the tenant has {MOST_ALIASES_A_TENANT} aliases already; remove some"
            )


def remove_alias(
    reader: Reader, *, tenant: str, provider: str, alias: str, valid_from: datetime | None = None
) -> int:
    """Forget what a name stood for, at all or from one moment on; returns how many were removed.

    Raises NotFound when there was none.
    """
    statement = delete(model_aliases).where(
        model_aliases.c.tenant == tenant,
        model_aliases.c.provider == provider,
        model_aliases.c.alias == alias,
    )
    if valid_from is not None:
        statement = statement.where(model_aliases.c.valid_from == valid_from)
    with reader.connection() as connection:
        _count_change(connection)
        removed = connection.execute(statement).rowcount
        if not removed:
            raise NotFound(f"tenant {tenant!r} has no such alias {alias!r}")
    return removed


def _check_text(name: str, value: str, *, may_be_empty: bool) -> None:
    if value != value.strip() or not (value or may_be_empty):
        raise InvalidRecord(name, "is empty, or begins or ends with a space")
    if len(value) > LONGEST_TEXT:
        raise InvalidRecord(name, f"longer than {LONGEST_TEXT} characters")
    if any(category(character) in ("Cc", "Cs") for character in value):
        raise InvalidRecord(name, "holds control characters")


def _count_change(connection: Connection) -> None:
    """Its row is locked until the commit: changes are counted in the order they are seen."""
    connection.execute(_CHANGED, {"subject": SUBJECT})
