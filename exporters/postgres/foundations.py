"""What must stand before a call can be booked: its tenant, series and day.

They are laid in transactions of their own and remembered, so that booking itself rarely meets
anything new.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.domain.calls import PricedCall
from ledger.domain.dimensions import SERIES_DIMENSIONS, Series, series_id
from ledger.domain.zones import rollup_grid_seconds
from ledger.storage.database import Database, driver_connection
from ledger.storage.partitions import ensure_call_partitions

_MAX_REMEMBERED = 500_000
_DAYS_A_TRANSACTION = 100

_ADD_TENANTS = """
    INSERT INTO tenants (tenant, time_zone, rollup_seconds)
    SELECT tenant, %s, %s FROM unnest(%s::text[]) AS tenant ORDER BY tenant
    ON CONFLICT DO NOTHING
"""

_ADD_SERIES = f"""
    INSERT INTO series (tenant, series_id, {", ".join(SERIES_DIMENSIONS)})
    VALUES (%s, %s, {", ".join(["%s"] * len(SERIES_DIMENSIONS))})
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of this module's own names


class Foundations:
    """Remembers what one process has already seen standing in the ledger."""

    def __init__(self, database: Database, default_time_zone: str) -> None:
        self._database = database
        self._time_zone = default_time_zone
        self._tenants: set[str] = set()
        self._series: set[tuple[str, Series]] = set()
        self._days: set[date] = set()

    def lay_for(self, calls: Iterable[PricedCall]) -> None:
        """Create the tenants, series and day partitions that these calls need and lack."""
        tenants: set[str] = set()
        series: set[tuple[str, Series]] = set()
        days: set[date] = set()
        for priced in calls:
            call = priced.call
            tenants.add(call.tenant)
            series.add((call.tenant, call.series))
            days.add(call.started_at.date())
        tenants -= self._tenants
        series -= self._series
        days -= self._days
        self._make_days(sorted(days))
        if tenants or series:
            with self._database.transaction("tollbook_ingest") as connection:
                self._create(connection, tenants, series)
            self._remember(tenants, series)

    def _make_days(self, days: list[date]) -> None:
        """Make partitions some at a time: each one holds several locks until the commit."""
        for start in range(0, len(days), _DAYS_A_TRANSACTION):
            some = days[start : start + _DAYS_A_TRANSACTION]
            with self._database.transaction("tollbook_ingest") as connection:
                ensure_call_partitions(connection, some)
            self._days.update(some)

    def _create(
        self,
        connection: Connection,
        tenants: set[str],
        series: set[tuple[str, Series]],
    ) -> None:
        driver = driver_connection(connection)
        if tenants:
            grid = rollup_grid_seconds(self._time_zone)
            driver.execute(_ADD_TENANTS, (self._time_zone, grid, sorted(tenants)))
        if series:
            rows: list[tuple[Any, ...]] = [
                (tenant, series_id(values), *values) for tenant, values in series
            ]
            rows.sort(key=lambda row: (row[0], row[1].bytes))
            with driver.cursor() as cursor:
                cursor.executemany(_ADD_SERIES, rows)

    def _remember(self, tenants: set[str], series: set[tuple[str, Series]]) -> None:
        if len(self._tenants) + len(self._series) > _MAX_REMEMBERED:
            self._tenants.clear()
            self._series.clear()
        self._tenants |= tenants
        self._series |= series
