"""What came in, how far each source has been read, and what commits took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from exporters.postgres.batches import Batch, Booked
from ledger.domain.ingest import JOINED_LATER, PARTED_LATER, RECEIVED, Commit, count_commits

_COUNT = """
    INSERT INTO ingest_totals (receiver, result, records)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])
        AS counted (receiver, result, records)
    ORDER BY receiver, result
    ON CONFLICT (receiver, result) DO UPDATE SET records = ingest_totals.records + excluded.records
"""
_MARK = """
    INSERT INTO ingest_marks (source, place, detail) VALUES (%s, %s, %s)
    ON CONFLICT (source) DO UPDATE
    SET place = excluded.place, detail = excluded.detail, marked_at = now()
"""

_COUNT_COMMITS = """
    INSERT INTO ingest_commits (measure, bucket, commits, total)
    SELECT * FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::double precision[])
        AS counted (measure, bucket, commits, total)
    ON CONFLICT (measure, bucket) DO UPDATE
    SET commits = ingest_commits.commits + excluded.commits,
        total = ingest_commits.total + excluded.total
"""


def count_records(
    connection: psycopg.Connection[Any],
    batches: Sequence[Batch],
    results: Sequence[Booked],
    *,
    joined_later: int,
    parted_later: int,
) -> None:
    """Count every record under its receiver, once as received and once by what became of it."""
    counts: Counter[tuple[str, str]] = Counter()
    for batch, result in zip(batches, results, strict=True):
        for name, records in (
            (RECEIVED, batch.records),
            ("booked", result.booked),
            ("duplicate", result.duplicate),
            ("ignored", batch.ignored),
            ("rejected", batch.rejected),
        ):
            counts[batch.receiver, name] += records
    counts["", JOINED_LATER] += joined_later
    counts["", PARTED_LATER] += parted_later
    add_counts(connection, counts)


def add_counts(connection: psycopg.Connection[Any], counts: Mapping[tuple[str, str], int]) -> None:
    """Add to what is counted by receiver and result."""
    rows = [(*key, records) for key, records in sorted(counts.items()) if records]
    if rows:
        connection.execute(_COUNT, tuple(map(list, zip(*rows, strict=True))))


def keep_marks(connection: psycopg.Connection[Any], batches: Sequence[Batch]) -> None:
    """Note how far the batches' sources have been read; of one source the last mark stands."""
    marks = {batch.mark.source: batch.mark for batch in batches if batch.mark is not None}
    for source, mark in sorted(marks.items()):
        connection.execute(_MARK, (source, mark.place, mark.detail and Jsonb(mark.detail)))


def keep_commits(connection: psycopg.Connection[Any], commits: Sequence[Commit]) -> None:
    """Count what earlier commits took. Only bookings do, one after the other in their lane."""
    counts = count_commits(commits)
    if counts:
        connection.execute(_COUNT_COMMITS, tuple(map(list, zip(*counts, strict=True))))
