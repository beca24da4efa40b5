"""Whether two ledgers hold the same, whatever the order in which it came."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import psycopg

_LEFT_OUT = {
    "calls": ("receiver", "dialect", "booked_at"),
    "rollups": (),
    "totals": (),
    "credits": (),
    "corrections": ("receiver", "dialect", "booked_at"),
    "series": ("first_seen_at",),
    "tenants": ("created_at",),
}
"""What depends on which of several equal records came first, and when."""

_COMPACTED = """ || jsonb_build_object(
    'duration_histogram', compact_histogram(duration_histogram),
    'time_to_first_token_histogram', compact_histogram(time_to_first_token_histogram)
)"""
_WITH_HISTOGRAMS = ("rollups", "totals", "credits")
"""In which pieces a histogram was added to does not matter."""


class Digest(NamedTuple):
    """Rows of a table and a sum over the hashes of them all."""

    rows: int
    hashes: Decimal


def digests(url: str) -> dict[str, Digest]:
    """Of every table that is booked into."""
    found = {}
    with psycopg.connect(url) as connection:
        for table, left_out in _LEFT_OUT.items():
            compacted = _COMPACTED if table in _WITH_HISTOGRAMS else ""
            row = connection.execute(
                f"SELECT count(*), coalesce(sum(hashtextextended((to_jsonb({table})"
                f" - %s::text[]{compacted})::text, 0)), 0) FROM {table}".encode(),
                (list(left_out),),
            ).fetchone()
            assert row is not None
            found[table] = Digest(int(row[0]), Decimal(row[1]))
    return found
