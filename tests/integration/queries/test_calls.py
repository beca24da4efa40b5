"""Lists of calls show what stands now: corrections applied, removed calls gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.queries.records.calls import list_calls
from ledger.storage.database import Database
from ledger.storage.tables import calls as calls_table
from tests.factories.calls import START, a_record
from tests.integration.books import Books
from tests.servers.in_process import InProcessClient

_NAMES = ", ".join(column.name for column in calls_table.columns)


def _correct(url: str, call_id: str, revision: int, cost: int | None) -> None:
    """Take a call's state back and, unless it is to be gone, put another cost in its place."""
    with psycopg.connect(url) as connection:
        for sign in (-1, 1) if cost is not None else (-1,):
            connection.execute(
                f"INSERT INTO corrections ({_NAMES}, revision, sign, correction_reason)"
                f" SELECT {_NAMES}, %s, %s, 'a test' FROM calls WHERE id = %s",
                (revision, sign, call_id),
            )
        if cost is not None:
            connection.execute(
                "UPDATE corrections SET cost_pico_usd = %s"
                " WHERE id = %s AND revision = %s AND sign = 1",
                (cost, call_id, revision),
            )


def test_lists_are_the_view_of_current_calls(
    client: InProcessClient, reader: Reader, database_url: str, books: Books
) -> None:
    records = [
        a_record(id=f"c-{number}", started_at=(START + timedelta(days=number // 3)).isoformat())
        for number in range(12)
    ]
    assert client.post("/v1/calls", json=records).get_json()["booked"] == 12
    _correct(database_url, "c-1", 1, 5)
    _correct(database_url, "c-4", 1, 6)
    _correct(database_url, "c-4", 2, 7)
    _correct(database_url, "c-5", 1, None)
    _correct(database_url, "c-11", 1, 8)
    _correct(database_url, "c-11", 2, None)

    listed: list[dict[str, Any]] = []
    before = None
    while page := list_calls(reader, tenant="acme", before=before, limit=3):
        listed += page
        before = (page[-1]["started_at"], page[-1]["id"])

    current = books.rows(
        "SELECT id, cost_pico_usd FROM current_calls ORDER BY started_at DESC, id DESC"
    )
    assert [{"id": row["id"], "cost_pico_usd": row["cost_pico_usd"]} for row in listed] == current
    costs = {row["id"]: row["cost_pico_usd"] for row in listed}
    assert (costs["c-1"], costs["c-4"]) == (5, 7)
    assert not {"c-5", "c-11"} & costs.keys()
    assert len(costs) == 10
    some = list_calls(
        reader, tenant="acme", start=START + timedelta(days=1), end=START + timedelta(days=2)
    )
    assert [row["id"] for row in some] == ["c-4", "c-3"]


class _Counting(Reader):
    """A reader that knows how many rows of calls its last question read."""

    rows_read = 0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with super().connection() as connection:
            connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
            yield connection
            self.rows_read = connection.execute(
                text(
                    "SELECT sum(seq_tup_read) + sum(idx_tup_fetch) FROM pg_stat_xact_user_tables"
                    " WHERE relname LIKE 'calls\\_2%'"
                )
            ).scalar_one()


def test_a_page_of_a_long_history_reads_little_of_it(
    client: InProcessClient, database: Database, database_url: str
) -> None:
    client.post("/v1/calls", json=[a_record(id="first")])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO calls (tenant, started_at, id, series_id, cost_status, receiver, dialect)"
            " SELECT tenant, started_at + n * interval '1 ms', 'n-' || n, series_id, 'unpriced',"
            " receiver, dialect FROM calls, generate_series(1, 30000) AS n"
        )
        connection.execute("ANALYZE")
    reader = _Counting(database, LOCAL_OPERATOR)

    assert len(list_calls(reader, tenant="acme", limit=10)) == 10

    assert 10 <= reader.rows_read < 1000
