"""The running totals behind /metrics: what was ever booked, by series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from ledger.domain.ingest import CommitCount, Count
from ledger.queries.reader import Reader
from ledger.storage.tables import (
    COUNTERS,
    MEASURES,
    credit_totals,
    ingest_commits,
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


def ingest_counts(reader: Reader) -> list[Count]:
    """Records that came in, by receiver and result."""
    statement = select(ingest_totals).order_by(ingest_totals.c.receiver, ingest_totals.c.result)
    with reader.connection() as connection:
        return [(row.receiver, row.result, row.records) for row in connection.execute(statement)]


def commit_counts(reader: Reader) -> list[CommitCount]:
    """What commits took, by measure and bucket."""
    columns = [ingest_commits.c[name] for name in CommitCount._fields]
    statement = select(*columns).order_by(ingest_commits.c.measure, ingest_commits.c.bucket)
    with reader.connection() as connection:
        return [CommitCount(*row) for row in connection.execute(statement)]


def books_off(reader: Reader) -> tuple[int, int]:
    """By how many pico-dollars and records the last self-checks found the books off; (0, 0)."""
    statement = select(
        func.coalesce(func.sum(self_checks.c.drift_pico_usd), 0),
        func.coalesce(func.sum(self_checks.c.records_off), 0),
    )
    with reader.connection() as connection:
        drift, records = connection.execute(statement).one()
    return int(drift), int(records)
