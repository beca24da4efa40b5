"""Looking into the ledger as its superuser, past every role."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from ledger.storage.tables import COUNTERS

_OF_CALLS = {
    "calls": "1",
    "unpriced_calls": "(cost_status = 'unpriced')::int",
    "estimated_calls": "(cost_status = 'estimated')::int",
    "duration_microseconds": "coalesce(round(duration_seconds * 1e6), 0)::bigint",
    "time_to_first_token_microseconds": (
        "coalesce(round(time_to_first_token_seconds * 1e6), 0)::bigint"
    ),
}


class Books:
    """The tables of one ledger."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """What a statement answers."""
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            return connection.execute(statement).fetchall()

    def counted(self, table: str) -> dict[str, Any]:
        """The sum of every counter over `calls`, `rollups` or `totals`."""
        sums = ", ".join(
            f"coalesce(sum({_OF_CALLS.get(name, name) if table == 'calls' else name}), 0) AS {name}"
            for name in COUNTERS
        )
        return self.rows(f"SELECT {sums} FROM {table}")[0]

    def histogram(self, table: str) -> dict[int, int]:
        """Calls by duration bucket."""
        if table == "calls":
            source = "SELECT duration_bucket AS bucket, 1 AS n FROM calls"
        else:
            source = (
                "SELECT packed >> 48 AS bucket, packed & 281474976710655 AS n"
                f" FROM {table}, unnest(duration_histogram) AS packed"
            )
        rows = self.rows(
            f"SELECT bucket, sum(n) AS n FROM ({source}) AS filled"
            " WHERE bucket IS NOT NULL GROUP BY bucket"
        )
        return {row["bucket"]: int(row["n"]) for row in rows}

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Calls (but for when they were booked), rollups and totals, in the order of their keys."""
        return {
            "calls": [
                {name: value for name, value in row.items() if name != "booked_at"}
                for row in self.rows("SELECT * FROM calls ORDER BY tenant, started_at, id")
            ],
            "rollups": self.rows("SELECT * FROM rollups ORDER BY tenant, starts_at, series_id"),
            "totals": self.rows("SELECT * FROM totals ORDER BY tenant, series_id"),
        }

    def ingest_counts(self) -> dict[tuple[str, str], int]:
        """Records that came in, by receiver and result."""
        rows = self.rows("SELECT * FROM ingest_totals")
        return {(row["receiver"], row["result"]): row["records"] for row in rows}

    def partitions(self) -> set[str]:
        """Names of the day partitions of calls."""
        rows = self.rows("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
        return {row["relname"] for row in rows}
