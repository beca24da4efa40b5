"""What every place says of all that was booked, and what was counted at the entrances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
import urllib3

from benchmarks.measuring.books import Sums, sums_everywhere
from tests.servers.exposition import samples, total

_PICO = 10**12

Counts = dict[tuple[str, str], int]
"""Records by receiver and result."""


class Books(NamedTuple):
    """All places at one moment."""

    ledger: Sums
    everywhere: dict[str, Sums]
    """Calls, rollups, totals and /metrics."""
    metrics: Sums
    counted: Counts
    counted_in_metrics: Counts
    spool_bytes: int
    groups: int


def read_books(database_url: str, url: str) -> Books:
    """Ask the database and /metrics."""
    response = urllib3.request("GET", f"{url}/metrics", timeout=30.0, retries=False)
    assert response.status == 200, response.data[:500]
    exposition = response.data.decode()
    metrics = _metric_sums(exposition)
    with psycopg.connect(database_url) as connection:
        everywhere = sums_everywhere(connection)
        groups = connection.execute("SELECT count(*) FROM rollups").fetchone()
        counted = _counted(connection)
    assert groups is not None
    return Books(
        ledger=everywhere["calls"],
        everywhere={**everywhere, "/metrics": metrics},
        metrics=metrics,
        counted=counted,
        counted_in_metrics={
            (sample.labels["receiver"], sample.labels["result"]): int(sample.value)
            for sample in samples(exposition, "tollbook_ingest_calls_total")
        },
        spool_bytes=int(total(exposition, "tollbook_spool_bytes")),
        groups=int(groups[0]),
    )


def _metric_sums(exposition: str) -> Sums:
    credited = total(exposition, "tollbook_llm_credits_usd_total")
    cost_usd = total(exposition, "tollbook_llm_cost_usd_total") - credited
    return Sums(
        int(total(exposition, "tollbook_llm_calls_total")),
        Decimal(cost_usd * _PICO),
        int(total(exposition, "tollbook_llm_tokens_total", token_type="input")),
        int(total(exposition, "tollbook_llm_tokens_total", token_type="output")),
    )


def _counted(connection: psycopg.Connection[tuple[Any, ...]]) -> Counts:
    rows = connection.execute("SELECT receiver, result, records FROM ingest_totals").fetchall()
    return {(str(receiver), str(result)): int(records) for receiver, result, records in rows}
