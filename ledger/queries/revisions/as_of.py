"""The books as they were: what had been booked until a moment, answered from the entries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from ledger.domain.errors import InvalidQuestion
from ledger.domain.zones import zone
from ledger.storage.tables import calls, corrections

MOST_DAYS = 31
"""Of one tenant: entries are read call by call."""

_NAMES = tuple(column.name for column in calls.columns)
_COLUMNS = ", ".join(_NAMES)
_later = corrections.alias("later")

CALLS_AS_OF = f"""(
    SELECT {_COLUMNS} FROM calls
    WHERE booked_at <= :as_of AND NOT EXISTS (
        SELECT FROM corrections
        WHERE corrections.tenant = calls.tenant AND corrections.started_at = calls.started_at
            AND corrections.id = calls.id AND corrections.booked_at <= :as_of
    )
    UNION ALL
    SELECT {_COLUMNS} FROM corrections
    WHERE sign = 1 AND booked_at <= :as_of AND NOT EXISTS (
        SELECT FROM corrections AS later
        WHERE later.tenant = corrections.tenant AND later.started_at = corrections.started_at
            AND later.id = corrections.id AND later.revision > corrections.revision
            AND later.booked_at <= :as_of
    )
)"""  # noqa: S608 - made of our own names
"""Like the view current_calls, at the moment bound as `as_of`."""


def refuse_unbounded(
    tenants: Collection[str], start: datetime | None, end: datetime | None, zone_name: str
) -> None:
    """Raise InvalidQuestion unless it is one tenant and at most 31 days that are asked about."""
    if len(tenants) != 1:
        raise InvalidQuestion("tenant", "one is needed with as_of, which is read call by call")
    if start is None or end is None:
        raise InvalidQuestion("as_of", "needs from and to: it is read call by call")
    tz = zone(zone_name)
    first, last = (moment.astimezone(tz).replace(tzinfo=None) for moment in (start, end))
    if last - first > timedelta(days=MOST_DAYS):
        raise InvalidQuestion("as_of", f"answers at most {MOST_DAYS} days at a time")


def never_corrected(tenant: str, as_of: datetime | None) -> Select[Any]:
    """Calls that stood as they were booked at first."""
    corrected = exists().where(
        corrections.c.tenant == tenant,
        corrections.c.started_at == calls.c.started_at,
        corrections.c.id == calls.c.id,
        *_until(corrections.c.booked_at, as_of),
    )
    return select(calls).where(~corrected, *_until(calls.c.booked_at, as_of))


def corrected(tenant: str, as_of: datetime | None) -> Select[Any]:
    """Calls as their last correction left them."""
    overtaken = exists().where(
        _later.c.tenant == tenant,
        _later.c.started_at == corrections.c.started_at,
        _later.c.id == corrections.c.id,
        _later.c.revision > corrections.c.revision,
        *_until(_later.c.booked_at, as_of),
    )
    return select(*(corrections.c[name] for name in _NAMES)).where(
        corrections.c.sign == 1, ~overtaken, *_until(corrections.c.booked_at, as_of)
    )


def _until(column: ColumnElement[datetime], as_of: datetime | None) -> list[ColumnElement[bool]]:
    return [] if as_of is None else [column <= as_of]
