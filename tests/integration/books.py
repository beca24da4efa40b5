"""Looking into the ledger as its superuser, past every role."""

from __future__ import annotations

from collections import Counter
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


def _with_plain_histograms(row: dict[str, Any]) -> dict[str, Any]:
    """Calls by bucket: in which pieces they were added does not matter."""
    plain: dict[str, dict[int, int]] = {}
    for name in ("duration_histogram", "time_to_first_token_histogram"):
        counts: Counter[int] = Counter()
        for element in row[name] or ():
            counts[element >> 48] += element & 281474976710655
        plain[name] = {bucket: calls for bucket, calls in counts.items() if calls}
    return {**row, **plain}


class Books:
    """The tables of one ledger."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """What a statement answers."""
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            return connection.execute(statement).fetchall()

    def write(self, statement: str) -> None:
        """Change what no role may, such as how long ago something was."""
        with psycopg.connect(self._url) as connection:
            connection.execute(statement.encode())

    def counted(self, table: str) -> dict[str, Any]:
        """The sum of every counter over `calls`, `rollups` or `totals`, corrections applied."""
        if table == "totals":
            gained, credited = self._sums("totals"), self._sums("credits")
            return {name: gained[name] - credited[name] for name in COUNTERS}
        return self._sums("current_calls" if table == "calls" else table)

    def _sums(self, table: str) -> dict[str, Any]:
        names = _OF_CALLS if table == "current_calls" else {}
        sums = ", ".join(f"coalesce(sum({names.get(n, n)}), 0) AS {n}" for n in COUNTERS)
        return self.rows(f"SELECT {sums} FROM {table}")[0]

    def histogram(self, table: str) -> dict[int, int]:
        """Calls by duration bucket, corrections applied."""
        if table == "totals":
            counts = Counter(self._histogram("totals"))
            counts.subtract(self._histogram("credits"))
            return {bucket: n for bucket, n in counts.items() if n}
        return self._histogram("current_calls" if table == "calls" else table)

    def _histogram(self, table: str) -> dict[int, int]:
        if table == "current_calls":
            source = "SELECT duration_bucket AS bucket, 1 AS n FROM current_calls"
        else:
            source = (
                "SELECT packed >> 48 AS bucket, packed & 281474976710655 AS n"
                f" FROM {table}, unnest(duration_histogram) AS packed"
            )
        rows = self.rows(
            f"SELECT bucket, sum(n) AS n FROM ({source}) AS filled"
            " WHERE bucket IS NOT NULL GROUP BY bucket HAVING sum(n) <> 0"
        )
        return {row["bucket"]: int(row["n"]) for row in rows}

    def everything(self) -> dict[str, Any]:
        """The calls as they stand, the rollups and the net totals, in the order of their keys."""
        calls = self.rows("SELECT * FROM current_calls ORDER BY tenant, started_at, id")
        rollups = self.rows(
            "SELECT * FROM rollups WHERE calls <> 0 ORDER BY tenant, starts_at, series_id"
        )
        sums = ", ".join(f"sum({name}) AS {name}" for name in COUNTERS)
        taken = ", ".join(f"-{name} AS {name}" for name in COUNTERS)
        totals = self.rows(
            f"SELECT tenant, series_id, {sums} FROM (SELECT tenant, series_id,"
            f" {', '.join(COUNTERS)} FROM totals UNION ALL SELECT tenant, series_id, {taken}"
            " FROM credits) AS net GROUP BY 1, 2 HAVING sum(calls) <> 0 ORDER BY 1, 2"
        )
        return {
            "calls": [{k: v for k, v in row.items() if k != "booked_at"} for row in calls],
            "rollups": [_with_plain_histograms(row) for row in rollups],
            "totals": totals,
        }

    def ingest_counts(self) -> dict[tuple[str, str], int]:
        """Records that came in, by receiver and result."""
        rows = self.rows("SELECT * FROM ingest_totals")
        return {(row["receiver"], row["result"]): row["records"] for row in rows}

    def partitions(self) -> set[str]:
        """Names of the day partitions of calls."""
        rows = self.rows(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
            " AND relname LIKE 'calls%'"
        )
        return {row["relname"] for row in rows}
