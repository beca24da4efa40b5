"""Calls that are priced under another name from now on, such as that of a new alias.

They change their series, so all that is counted of them moves with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg

from exporters.postgres.corrections import Correction, book_corrections, corrected_sums
from exporters.postgres.foundations import Foundations
from exporters.postgres.joining.relatives import BookedCall, booked_now
from exporters.postgres.revisions.changes import Change
from exporters.postgres.revisions.entries import REASON, Entry
from exporters.postgres.rows import Row, call_row
from exporters.postgres.sums import RollupSums
from ledger.domain.joining import key_of


def write_moves(
    connection: psycopg.Connection[Any],
    changed: Sequence[Change],
    entry: Entry,
    foundations: Foundations,
) -> RollupSums:
    """Write the entries of calls that get other dimensions; returns what they change in rollups."""
    moved = [one for one in changed if one.is_moved]
    if not moved:
        return {}
    standing = booked_now(connection, [(entry.tenant, key_of(one.call)) for one in moved])
    before = [standing[entry.tenant, key_of(one.call)] for one in moved]
    after = [
        BookedCall(_renamed(booked, one), one.cost)
        for booked, one in zip(before, moved, strict=True)
    ]
    corrections = [
        *(Correction(row, -1) for row in _rows(before, foundations)),
        *(Correction(row, 1) for row in _rows(after, foundations)),
    ]
    book_corrections(connection, corrections, REASON, entry.booked_at, entry.repricing_id)
    return corrected_sums(corrections, foundations.grid_microseconds)


def _renamed(booked: BookedCall, change: Change) -> Any:
    named = change.call
    return msgspec.structs.replace(
        booked.call,
        provider=named.provider,
        model=named.model,
        request_model=named.request_model,
    )


def _rows(booked: Sequence[BookedCall], foundations: Foundations) -> list[Row]:
    series = foundations.lay_for([one.call for one in booked])
    return [
        call_row(one.call, one.cost, series_id)
        for one, series_id in zip(booked, series, strict=True)
    ]
