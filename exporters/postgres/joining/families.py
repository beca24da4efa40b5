"""Sorting out records that may have come before, or that tell of a call others tell of too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from exporters.postgres.joining.keys import CallKeys
from exporters.postgres.joining.relatives import (
    BookedCall,
    Told,
    booked_now,
    find_told,
    records_of,
    whole_families,
)
from ledger.domain.calls import Call, Cost
from ledger.domain.joining import MOST_RECORDS_OF_A_RESPONSE, Joined, Key, join, key_of, source_of

Price = Callable[[Call], Cost]
_TenantKey = tuple[str, Key]


class Suspect(NamedTuple):
    """A record that may be related to others, and its place among those being booked."""

    place: int
    call: Call
    keys: CallKeys


@dataclass
class Sorted:
    """What is to be done with the suspects."""

    not_booked: set[int] = field(default_factory=set)
    """Places of records that are there already or that become part of another call."""
    counted_as_booked: Counter[int] = field(default_factory=Counter)
    """By place, calls that these records bring all the same."""
    new_calls: list[BookedCall] = field(default_factory=list)
    """Calls that several of the records tell of together."""
    copies: list[Call] = field(default_factory=list)
    """Records to keep beside the calls they were joined in."""
    taken_back: list[BookedCall] = field(default_factory=list)
    put_in: list[BookedCall] = field(default_factory=list)
    joined_later: int = 0
    """Calls that had been booked and turn out to be copies of others."""


class Families:
    """Decides what records of the same call become."""

    def __init__(self, price: Price, window: timedelta, remembered: timedelta) -> None:
        self._price = price
        self._window = window
        self._remembered = remembered

    def sort_out(
        self, connection: psycopg.Connection[Any], suspects: Sequence[Suspect], now: datetime
    ) -> Sorted:
        """What becomes of records that may have relatives; reads the ledger, changes nothing."""
        told = find_told(
            connection,
            [suspect.call.tenant for suspect in suspects],
            [suspect.keys for suspect in suspects],
            now - self._remembered,
        )
        result = Sorted()
        new = _without_duplicates(suspects, {(one.tenant, one.key) for one in told}, result)
        since = now - self._window
        related = _related(new, [one for one in told if one.arrived_at >= since])
        families = whole_families(connection, related, since) if related else []
        earlier = records_of(connection, families) if families else {}
        booked = booked_now(connection, earlier) if earlier else {}
        for tenant in sorted({suspect.call.tenant for suspect in new}):
            self._join(
                [suspect for suspect in new if suspect.call.tenant == tenant],
                [call for (owner, _), call in earlier.items() if owner == tenant],
                {key: one for (owner, key), one in booked.items() if owner == tenant},
                result,
            )
        return result

    def _join(
        self,
        new: Sequence[Suspect],
        earlier: Sequence[Call],
        booked: dict[Key, BookedCall],
        result: Sorted,
    ) -> None:
        """Join one tenant's records and note what has to change in the books."""
        places = {key_of(suspect.call): suspect.place for suspect in new}
        joined = join([*earlier, *(suspect.call for suspect in new)])
        stays: set[Key] = set()
        unclaimed: list[int] = []
        fresh = 0
        for one in joined:
            ours = [places[key] for record in one.records if (key := key_of(record)) in places]
            if len(ours) == len(one.records):
                fresh += 1
                unclaimed += ours[1:]
                self._book_new(one, ours, result)
                continue
            unclaimed += ours
            result.not_booked.update(ours)
            stays.add(key_of(one.call))
            if len(one.records) > 1:
                result.copies += one.records
            self._correct(one.call, booked, result)
        result.taken_back += [call for key, call in booked.items() if key not in stays]
        extra = len(joined) - len(booked) - fresh
        result.joined_later += max(0, -extra)
        result.counted_as_booked.update(unclaimed[: max(0, extra)])

    def _book_new(self, one: Joined, ours: Sequence[int], result: Sorted) -> None:
        if len(ours) == 1:
            return
        result.not_booked.update(ours)
        result.counted_as_booked[ours[0]] += 1
        result.new_calls.append(BookedCall(one.call, self._price(one.call)))
        result.copies += one.records

    def _correct(self, call: Call, booked: dict[Key, BookedCall], result: Sorted) -> None:
        after = BookedCall(call, self._price(call))
        before = booked.get(key_of(call))
        if before is not None:
            result.taken_back.append(before)
        result.put_in.append(after)


def _without_duplicates(
    suspects: Sequence[Suspect], known: set[_TenantKey], result: Sorted
) -> list[Suspect]:
    """The suspects that did not come before; of the same record twice, the first."""
    kept = []
    seen = set(known)
    for suspect in suspects:
        key = (suspect.call.tenant, key_of(suspect.call))
        if key in seen:
            result.not_booked.add(suspect.place)
        else:
            seen.add(key)
            kept.append(suspect)
    return kept


def _related(new: Sequence[Suspect], told: Sequence[Told]) -> list[Told]:
    """The earlier records that one of the new ones may have to be joined with."""
    if not new or not told:
        return []
    own = {suspect.keys.own for suspect in new}
    parents = {suspect.keys.parent for suspect in new}
    asked = {suspect.keys.response for suspect in new} - {None}
    sources: defaultdict[int | None, set[str]] = defaultdict(set)
    times: Counter[int | None] = Counter()
    for suspect in new:
        sources[suspect.keys.response].add(source_of(suspect.call))
        times[suspect.keys.response] += 1
    for one in told:
        sources[one.response].add(one.source)
        times[one.response] += 1
    joining = {
        response
        for response in asked
        if len(sources[response]) > 1 and times[response] <= MOST_RECORDS_OF_A_RESPONSE
    }
    return [
        one
        for one in told
        if one.own in own or one.own in parents or one.parent in own or one.response in joining
    ]
