"""The aliases of models that are set, and keeping them at hand while calls come in."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_

from ledger.domain.errors import LedgerUnavailable
from ledger.pricing.aliases import EVERY_TENANT, Alias, Aliases
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import configuration_versions, model_aliases
from ledger.storage.deadlines.deadlines import within

SUBJECT = "model_aliases"
"""Under which changes of aliases are counted."""

Cursor = tuple[str, str, str, datetime]

_REFRESH_SECONDS = 2.0
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


class AliasBook:
    """The aliases of one process, read again within two seconds of any change."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._aliases = Aliases()
        self._version = -1
        self._due = 0.0
        self._refreshing = threading.Lock()

    def current(self) -> Aliases:
        """The aliases as they were at most two seconds ago.

        While Postgres is away they stay as they were, and it is not waited for. Raises
        LedgerUnavailable when they were never read: to book under names that may be others would be
        a guess.
        """
        if time.monotonic() < self._due:
            return self._aliases
        # The first reading is waited for; later ones are one caller's, and the others go on.
        if self._refreshing.acquire(blocking=self._version < 0):
            try:
                if time.monotonic() >= self._due:
                    self._refresh()
            finally:
                self._refreshing.release()
        return self._aliases

    def _refresh(self) -> None:
        if self._version < 0:
            self._read()
        else:
            with suppress(LedgerUnavailable), within(_REFRESH_SECONDS):
                self._read()
        self._due = time.monotonic() + _REFRESH_SECONDS

    def _read(self) -> None:
        version_now = select(configuration_versions.c.version).where(
            configuration_versions.c.subject == SUBJECT
        )
        columns = [model_aliases.c[name] for name in Alias.__struct_fields__]
        with self._reader.connection() as connection:
            # The version first: rows that change in between are read again the next time.
            version = connection.execute(version_now).scalar_one_or_none() or 0
            if version == self._version:
                return
            rows = connection.execute(select(*columns)).mappings().all()
        self._aliases = Aliases(Alias(**row) for row in rows)
        self._version = version
