"""Entries of re-priced calls: what was booked is taken back, and put in again at its new cost.

All but the cost stays as it is, so the entries are made in the database from those that stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from exporters.postgres.revisions.changes import Change
from exporters.postgres.rows import CALL_COLUMNS, microseconds

REASON = "repriced"

_CREATE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS repriced_stage (
        started_at timestamptz, id text, revision integer, cost_pico_usd bigint,
        cost_status text, cost_reason text, price_version uuid
    ) ON COMMIT DELETE ROWS
"""
_COPY = "COPY repriced_stage FROM STDIN (FORMAT BINARY)"
_LAYOUT = ("int8", "text", "int4", "int8", "text", "text", "bytea")
_EMPTY = "TRUNCATE repriced_stage"

# Each call is looked up by its key, whatever the planner believes of tables it knows nothing of.
_OF_CALL = """tenant = %(tenant)s AND started_at BETWEEN %(first)s AND %(last)s
    AND started_at = stage.started_at AND id = stage.id"""
_OVERTAKEN = f"""
    SELECT EXISTS (
        SELECT FROM repriced_stage AS stage CROSS JOIN LATERAL (
            SELECT FROM corrections WHERE {_OF_CALL} AND revision > stage.revision LIMIT 1
        ) AS later
    )
"""  # noqa: S608 - made of our own names

_PRICED = ("cost_pico_usd", "cost_status", "cost_reason", "price_version")
_INSERT = """
    INSERT INTO corrections
        ({names}, booked_at, revision, sign, correction_reason, repricing_id)
    SELECT {values}, %(booked_at)s, stage.revision + 1, entry.sign, %(reason)s, %(repricing)s
    FROM repriced_stage AS stage
    CROSS JOIN LATERAL (SELECT * FROM {table} WHERE {of_call} AND {is_standing} LIMIT 1) AS base
    CROSS JOIN (VALUES (-1::smallint), (1::smallint)) AS entry (sign)
"""


class Entry(NamedTuple):
    """What the entries of one transaction have in common."""

    tenant: str
    repricing_id: int
    booked_at: datetime


def stage_changes(connection: psycopg.Connection[Any], changed: Sequence[Change]) -> None:
    """Lay out which calls are re-priced and at what; what was laid out before is forgotten."""
    connection.execute(_CREATE)
    connection.execute(_EMPTY)
    with connection.cursor().copy(_COPY) as copy:
        copy.set_types(_LAYOUT)
        for one in changed:
            state, cost = one.before, one.cost
            version = cost.price_version
            copy.write_row(
                (
                    microseconds(state.call.started_at),
                    state.call.id,
                    state.revision,
                    cost.pico_usd,
                    cost.status,
                    cost.reason,
                    version and version.bytes,
                )
            )


def is_overtaken(connection: psycopg.Connection[Any], changed: Sequence[Change]) -> bool:
    """Whether one of the calls laid out was corrected after it was read."""
    row = connection.execute(_OVERTAKEN, _bounds(changed)).fetchone()
    return row is not None and bool(row[0])


def write_entries(
    connection: psycopg.Connection[Any], changed: Sequence[Change], entry: Entry
) -> None:
    """Write the pair of entries of every call laid out."""
    parameters = {
        **_bounds(changed),
        "booked_at": entry.booked_at,
        "reason": REASON,
        "repricing": entry.repricing_id,
    }
    revisions = [one.before.revision for one in changed]
    written = 0
    if 0 in revisions:
        written += connection.execute(_FROM_CALLS, parameters).rowcount
    if any(revisions):
        written += connection.execute(_FROM_CORRECTIONS, parameters).rowcount
    if written != 2 * len(changed):
        raise RuntimeError(
            f"{len(changed)} calls are re-priced, but {written} entries were written"
        )


def _bounds(changed: Sequence[Change]) -> dict[str, Any]:
    first, last = changed[0].before.call, changed[-1].before.call
    return {"tenant": first.tenant, "first": first.started_at, "last": last.started_at}


def _insert(table: str, is_standing: str) -> sql.Composed:
    values = [
        sql.SQL("CASE entry.sign WHEN 1 THEN stage.{0} ELSE base.{0} END")
        if name in _PRICED
        else sql.SQL("base.{0}")
        for name in CALL_COLUMNS
    ]
    return sql.SQL(_INSERT).format(
        names=sql.SQL(", ").join(map(sql.Identifier, CALL_COLUMNS)),
        values=sql.SQL(", ").join(
            value.format(sql.Identifier(name))
            for name, value in zip(CALL_COLUMNS, values, strict=True)
        ),
        table=sql.Identifier(table),
        of_call=sql.SQL(_OF_CALL),
        is_standing=sql.SQL(is_standing),
    )


_FROM_CALLS = _insert("calls", "stage.revision = 0")
_FROM_CORRECTIONS = _insert("corrections", "revision = stage.revision AND sign = 1")
