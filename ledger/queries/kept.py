"""Configuration at hand while calls come in: read once, and again soon after any change."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy import Connection, select

from ledger.domain.errors import LedgerUnavailable
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import configuration_versions
from ledger.storage.deadlines.deadlines import within

REFRESH_SECONDS = 2.0

Versions = Mapping[str, int]
"""How often each subject was changed."""

T = TypeVar("T")


def versions_of(connection: Connection, subjects: tuple[str, ...]) -> dict[str, int]:
    """How often each subject was changed; 0 for one that never was."""
    statement = select(configuration_versions).where(configuration_versions.c.subject.in_(subjects))
    found = {row.subject: row.version for row in connection.execute(statement)}
    return {subject: found.get(subject, 0) for subject in subjects}


class Kept(Generic[T]):
    """What one process keeps of some subjects, read again within two seconds of any change."""

    subjects: tuple[str, ...] = ()

    def __init__(self, reader: Reader, value: T) -> None:
        self._reader = reader
        self._value = value
        self._versions: Versions | None = None
        self._due = 0.0
        self._refreshing = threading.Lock()

    def read(self, connection: Connection, before: Versions, now: Versions) -> T:
        """What the subjects say now, when they had other versions before (none at first)."""
        raise NotImplementedError

    def made_of(self, read: T) -> T:
        """What is kept of what was read: for work that no transaction should wait for."""
        return read

    def current(self) -> T:
        """What was kept at most two seconds ago.

        While Postgres is away it stays as it was, and that is not waited for. Raises
        LedgerUnavailable when it was never read: to go on without would be a guess.
        """
        if time.monotonic() < self._due:
            return self._value
        # The first reading is waited for; later ones are one caller's, and the others go on.
        if self._refreshing.acquire(blocking=self._versions is None):
            try:
                if time.monotonic() >= self._due:
                    self._refresh()
            finally:
                self._refreshing.release()
        return self._value

    def _refresh(self) -> None:
        if self._versions is None:
            self._read()
        else:
            with suppress(LedgerUnavailable), within(REFRESH_SECONDS):
                self._read()
        self._due = time.monotonic() + REFRESH_SECONDS

    def _read(self) -> None:
        with self._reader.connection() as connection:
            # The versions first: what changes in between is read again the next time.
            versions = versions_of(connection, self.subjects)
            if versions == self._versions:
                return
            value = self.read(connection, self._versions or {}, versions)
        self._value = self.made_of(value)
        self._versions = versions
