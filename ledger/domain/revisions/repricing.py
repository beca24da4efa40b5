"""Re-pricings: a period of calls priced anew, what is asked for and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from ledger.domain.calls import ERROR, OK, Cost
from ledger.domain.dimensions import SERIES_DIMENSIONS, Series
from ledger.domain.errors import InvalidRecord

State = Literal["running", "done", "failed", "cancelled"]

EVERY_TENANT = "*"

COST_STATUS = "cost_status"
FILTERS: tuple[str, ...] = (*SERIES_DIMENSIONS, COST_STATUS)
_KNOWN_VALUES = {
    COST_STATUS: frozenset(("priced", "estimated", "unpriced")),
    "status": frozenset((OK, ERROR)),
}
"""What calls can be chosen by, as they stand before they are re-priced."""
MOST_VALUES = 100

Filter = Mapping[str, tuple[str, ...]]


class Place(NamedTuple):
    """A place among calls, in the order in which they are gone through."""

    tenant: str
    started_at: datetime
    id: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are to be priced anew, and how."""

    tenant: str = EVERY_TENANT
    start: datetime
    end: datetime
    """Exclusive."""
    filter: dict[str, tuple[str, ...]] = {}
    reason: str
    known_at: datetime | None = None
    """At prices as they were known then; None: as they are when it is requested."""
    dry_run: bool = False
    """Work out the differences and leave the books as they are."""
    adjust_closed: bool = False
    """Closed months may be touched: their statements stay, the changes become adjustments."""


class Repricing(msgspec.Struct, frozen=True, kw_only=True):
    """A re-pricing that was requested, and how far it has come."""

    repricing_id: int
    wanted: Wanted
    requested_by: str
    requested_at: datetime
    state: State
    place: Place | None
    calls_seen: int
    calls_changed: int
    before_pico_usd: int
    after_pico_usd: int
    failure: str | None
    finished_at: datetime | None


def wanted_of(row: Mapping[str, Any]) -> Wanted:
    """What was asked for, of a row of the table."""
    return Wanted(
        tenant=row["tenant"],
        start=row["from_at"],
        end=row["to_at"],
        filter={name: tuple(values) for name, values in row["filter"].items()},
        reason=row["reason"],
        known_at=row["known_at"],
        dry_run=row["dry_run"],
        adjust_closed=row["adjust_closed"],
    )


def read_filter(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Accepted values by name, each given as a text or a list. Raises InvalidRecord."""
    found = {}
    for name, values in given.items():
        if name not in FILTERS:
            raise InvalidRecord(f"filters.{name}", f"is none of {', '.join(FILTERS)}")
        listed = [values] if isinstance(values, str) else values
        if not isinstance(listed, list) or not 0 < len(listed) <= MOST_VALUES:
            raise InvalidRecord(f"filters.{name}", f"expected 1 to {MOST_VALUES} texts")
        if not all(isinstance(value, str) and "\x00" not in value for value in listed):
            raise InvalidRecord(f"filters.{name}", "expected texts")
        known = _KNOWN_VALUES.get(name)
        if known is not None and not known.issuperset(listed):
            raise InvalidRecord(f"filters.{name}", f"expected {', '.join(sorted(known))}")
        found[name] = tuple(listed)
    return found


def is_wanted(accepted: Filter, series: Series, cost: Cost) -> bool:
    """Whether a call with these dimensions and this cost is among those chosen."""
    return all(
        (cost.status if name == COST_STATUS else getattr(series, name)) in values
        for name, values in accepted.items()
    )


def is_other_cost(before: Cost, after: Cost) -> bool:
    """Whether the books have to change.

    The same amount under another price version is no change.
    """
    return (before.status, before.pico_usd, before.reason) != (
        after.status,
        after.pico_usd,
        after.reason,
    )
