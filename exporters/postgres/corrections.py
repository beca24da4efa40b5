"""Corrections: how the books are put right without editing what was booked.

A correction takes a booked state back and puts another in its place. Rollups show the outcome;
running totals only grow, so what was taken back is added to the credits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from exporters.postgres.revisions.adjustments import keep_adjustments
from exporters.postgres.rows import (
    CALL_COLUMNS,
    CALL_LAYOUT,
    ID,
    STARTED_AT,
    TENANT,
    Row,
    microseconds,
    moment_of,
)
from exporters.postgres.sums import (
    ROLLUP_KEY,
    TOTAL_KEY,
    RollupSums,
    TotalSums,
    add_rows,
    by_series,
    count,
    into,
    sum_rows,
)

_NEXT_REVISIONS = """
    SELECT wanted.place, 1 + coalesce(max(revision), 0)
    FROM unnest(%s::text[], %s::timestamptz[], %s::text[])
        WITH ORDINALITY AS wanted (tenant, started_at, id, place)
    LEFT JOIN corrections USING (tenant, started_at, id)
    GROUP BY wanted.place ORDER BY wanted.place
"""
_COPY = sql.SQL(
    "COPY corrections_stage ({}, booked_at, revision, sign, correction_reason)"
    " FROM STDIN (FORMAT BINARY)"
).format(sql.SQL(", ").join(map(sql.Identifier, CALL_COLUMNS)))
_CREATE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS corrections_stage (LIKE corrections INCLUDING DEFAULTS)
    ON COMMIT DELETE ROWS
"""
_INSERT = "INSERT INTO corrections SELECT * FROM corrections_stage"


class Correction(NamedTuple):
    """A row that is taken back (-1) or put in (1)."""

    row: Row
    sign: int


def book_corrections(
    connection: psycopg.Connection[Any],
    corrections: Sequence[Correction],
    reason: str,
    booked_at: datetime,
) -> None:
    """Write the entries; every one of a call gets the call's next revision.

    `booked_at` is when the turn came, so that of two entries the later one is the later booked.
    """
    revisions = [
        revision
        for _, revision in connection.execute(
            _NEXT_REVISIONS,
            (
                [one.row[TENANT] for one in corrections],
                [moment_of(one.row[STARTED_AT]) for one in corrections],
                [one.row[ID] for one in corrections],
            ),
        ).fetchall()
    ]
    connection.execute(_CREATE)
    with connection.cursor().copy(_COPY) as copy:
        copy.set_types([*CALL_LAYOUT, "int8", "int4", "int2", "text"])
        booked = microseconds(booked_at)
        for one, revision in zip(corrections, revisions, strict=True):
            copy.write_row((*one.row, booked, revision, one.sign, reason))
    connection.execute(_INSERT)


def correct(
    connection: psycopg.Connection[Any],
    corrections: Sequence[Correction],
    reason: str,
    grid_microseconds: Mapping[str, int],
    now: datetime,
) -> None:
    """Put the books right by corrections alone: the entries, and all that is counted from them.

    Only in one's turn in the lane, which came `now`: what is taken back must be what stands.
    """
    book_corrections(connection, corrections, reason, now)
    rollup_rows = add_corrected(connection, {}, corrected_sums(corrections, grid_microseconds))
    keep_adjustments(connection, rollup_rows, now)


def corrected_sums(
    corrections: Sequence[Correction], grid_microseconds: Mapping[str, int]
) -> RollupSums:
    """What the corrections change, by tenant, interval and series; figures may be negative."""
    changes: RollupSums = {}
    for sign in (-1, 1):
        rows = [one.row for one in corrections if one.sign == sign]
        for key, sums in count(rows, grid_microseconds).items():
            into(changes, key, sums, sign)
    return changes


def add_corrected(
    connection: psycopg.Connection[Any], sums: RollupSums, changes: RollupSums
) -> list[Row]:
    """Add the sums of new calls, and what corrections change; returns what rollups gained.

    Rollups show the outcome. Running totals only grow, so what is taken back goes to the credits.
    """
    totals = by_series(sums)
    credited: TotalSums = {}
    for key, one in by_series(changes).items():
        gained, credited[key] = one.parts()
        into(totals, key, gained)
    for rollup, one in changes.items():
        into(sums, rollup, one)
    add_rows(connection, "credits", TOTAL_KEY, sum_rows(credited))
    rollup_rows = sum_rows(sums)
    add_rows(connection, "rollups", ROLLUP_KEY, rollup_rows, settles=True)
    add_rows(connection, "totals", TOTAL_KEY, sum_rows(totals))
    return rollup_rows
