"""The running totals behind /metrics: what was ever booked, by series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from ledger.queries.reader import Reader
from ledger.storage.tables import (
    COUNTERS,
    MEASURES,
    credit_totals,
    ingest_totals,
    self_checks,
    series,
    totals,
)

CREDITED: tuple[str, ...] = COUNTERS
"""What corrections can take back; in `totals_by_series` under `credited_` and the name."""

LABELS = ("tenant", "feature", "provider", "model", "operation")


def totals_by_series(reader: Reader) -> Sequence[Any]:
    """All totals and credits with the labels and status of their series, in one snapshot."""
    statement = (
        select(
            totals.c.tenant,
            *(series.c[name] for name in LABELS[1:]),
            series.c.status,
            *(totals.c[name] for name in MEASURES),
            *(
                func.coalesce(credit_totals.c[name], 0).label(f"credited_{name}")
                for name in CREDITED
            ),
        )
        .join(
            series,
            (series.c.tenant == totals.c.tenant) & (series.c.series_id == totals.c.series_id),
        )
        .outerjoin(
            credit_totals,
            (credit_totals.c.tenant == totals.c.tenant)
            & (credit_totals.c.series_id == totals.c.series_id),
        )
        .order_by(series.c.first_seen_at, totals.c.tenant, totals.c.series_id)
    )
    with reader.connection() as connection:
        return connection.execute(statement).all()


def ingest_counts(reader: Reader) -> list[tuple[str, str, int]]:
    """Records that came in, by receiver and result."""
    statement = select(ingest_totals).order_by(ingest_totals.c.receiver, ingest_totals.c.result)
    with reader.connection() as connection:
        return [(row.receiver, row.result, row.records) for row in connection.execute(statement)]


def ledger_drift_pico_usd(reader: Reader) -> int:
    """By how much the last self-checks found the books off; 0 when all is well."""
    with reader.connection() as connection:
        return sum(
            int(drift)
            for drift in connection.execute(select(self_checks.c.drift_pico_usd)).scalars()
        )
