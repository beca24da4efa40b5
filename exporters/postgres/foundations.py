"""What must stand before a call can be booked: its tenant, series and day.

They are laid in transactions of their own and remembered, so that booking itself rarely meets
anything new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.domain.calls import Call
from ledger.domain.dimensions import SERIES_DIMENSIONS, Series, series_id
from ledger.domain.zones import rollup_grid_seconds
from ledger.storage.database import Database, driver_connection
from ledger.storage.partitions import ensure_call_partitions

_MAX_REMEMBERED = 200_000
_DAYS_A_TRANSACTION = 100

_ADD_TENANTS = """
    INSERT INTO tenants (tenant, time_zone, rollup_seconds)
    SELECT tenant, %s, %s FROM unnest(%s::text[]) AS tenant ORDER BY tenant
    ON CONFLICT DO NOTHING
"""
_GRIDS = "SELECT tenant, rollup_seconds FROM tenants WHERE tenant = ANY(%s)"

_ADD_SERIES = f"""
    INSERT INTO series (tenant, series_id, {", ".join(SERIES_DIMENSIONS)})
    VALUES (%s, %s, {", ".join(["%s"] * len(SERIES_DIMENSIONS))})
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of this module's own names

_SeriesKey = tuple[str, Series]


class Foundations:
    """Remembers what one process has already seen standing in the ledger."""

    def __init__(self, database: Database, default_time_zone: str) -> None:
        self._database = database
        self._time_zone = default_time_zone
        self._grids: dict[str, int] = {}
        self._series: dict[_SeriesKey, bytes] = {}
        self._days: set[date] = set()

    @property
    def grid_microseconds(self) -> Mapping[str, int]:
        """The interval of each known tenant's rollups."""
        return self._grids

    def lay_for(self, calls: Iterable[Call]) -> list[bytes]:
        """Create the tenants, series and days that these calls lack; returns their series' ids."""
        keys, missing = self._series_of(calls)
        self._make_days({call.started_at.date() for call in calls} - self._days)
        if missing:
            with self._database.transaction("tollbook_ingest") as connection:
                self.lay_series(connection, missing)
        found = self._series.get
        return [found(key) or series_id(key[1]).bytes for key in keys]

    def lay_series(self, connection: Connection, missing: Iterable[_SeriesKey]) -> None:
        """Create tenants and series within a transaction."""
        driver = driver_connection(connection)
        wanted = set(missing)
        tenants = sorted({tenant for tenant, _ in wanted})
        grid = rollup_grid_seconds(self._time_zone)
        driver.execute(_ADD_TENANTS, (self._time_zone, grid, tenants))
        rows: list[tuple[Any, ...]] = [
            (tenant, series_id(values), *values) for tenant, values in wanted
        ]
        rows.sort(key=lambda row: (row[0], row[1].bytes))
        with driver.cursor() as cursor:
            cursor.executemany(_ADD_SERIES, rows)
        for tenant, seconds in driver.execute(_GRIDS, (tenants,)).fetchall():
            self._grids[str(tenant)] = int(str(seconds)) * 1_000_000
        if len(self._series) + len(wanted) > _MAX_REMEMBERED:
            self._series = {}
        self._series.update((key, series_id(key[1]).bytes) for key in wanted)

    def forget_days(self) -> None:
        """Look anew which days stand: one that was remembered is gone."""
        self._days = set()

    def _series_of(self, calls: Iterable[Call]) -> tuple[list[_SeriesKey], set[_SeriesKey]]:
        keys = [(call.tenant, call.series) for call in calls]
        return keys, {key for key in set(keys) if key not in self._series}

    def _make_days(self, days: Iterable[date]) -> None:
        """Make partitions some at a time: each one holds several locks until the commit."""
        ordered = sorted(days)
        for start in range(0, len(ordered), _DAYS_A_TRANSACTION):
            some = ordered[start : start + _DAYS_A_TRANSACTION]
            with self._database.transaction("tollbook_ingest") as connection:
                ensure_call_partitions(connection, some)
            self._days.update(some)
