"""Colours of dimension values: each value gets a slot when it is first shown and keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from ledger.queries.reader import Reader
from ledger.storage.tables import palette

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('tollbook.palette', 0))")


def assign_slots(reader: Reader, dimension: str, values: Sequence[str]) -> dict[str, int]:
    """The slot of each value, giving the next free ones to new values in their order."""
    wanted = select(palette.c.value, palette.c.slot).where(
        palette.c.dimension == dimension, palette.c.value.in_(values)
    )
    with reader.connection() as connection:
        slots = {row.value: row.slot for row in connection.execute(wanted)}
        new = [value for value in dict.fromkeys(values) if value not in slots]
        if new:
            connection.execute(_LOCK)
            highest = connection.execute(
                select(func.coalesce(func.max(palette.c.slot), -1)).where(
                    palette.c.dimension == dimension
                )
            ).scalar_one()
            rows = [
                {"dimension": dimension, "value": value, "slot": highest + 1 + place}
                for place, value in enumerate(new)
            ]
            connection.execute(insert(palette).on_conflict_do_nothing(), rows)
            slots = {row.value: row.slot for row in connection.execute(wanted)}
    return slots
