"""The aliases of models that are set, and keeping them at hand while calls come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from ledger.pricing.aliases import EVERY_TENANT, Alias, Aliases
from ledger.queries.kept import Kept, Versions
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import model_aliases

SUBJECT = "model_aliases"
"""Under which changes of aliases are counted."""

Cursor = tuple[str, str, str, datetime]

_KEY = (
    model_aliases.c.tenant,
    model_aliases.c.provider,
    model_aliases.c.alias,
    model_aliases.c.valid_from,
)


def list_aliases(
    reader: Reader, *, tenant: str | None = None, after: Cursor | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Aliases by tenant and name, those after a cursor; of one tenant, with those of all."""
    statement = select(model_aliases).order_by(*_KEY).limit(limit)
    if tenant is not None:
        statement = statement.where(model_aliases.c.tenant.in_((tenant, EVERY_TENANT)))
    if after is not None:
        statement = statement.where(tuple_(*_KEY) > tuple_(*after))
    with reader.connection() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


class AliasBook(Kept[Aliases]):
    """The aliases of one process: to book under names that may be others would be a guess."""

    subjects = (SUBJECT,)

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, Aliases())

    def read(self, connection: Connection, before: Versions, now: Versions) -> Aliases:
        """All aliases."""
        columns = [model_aliases.c[name] for name in Alias.__struct_fields__]
        rows = connection.execute(select(*columns)).mappings().all()
        return Aliases(Alias(**row) for row in rows)
