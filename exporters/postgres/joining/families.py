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
    Found,
    MayBeTold,
    Told,
    booked_now,
    find_told,
    known_by_name,
    records_of,
    same_in_books,
    whole_families,
    worn_names,
)
from ledger.domain.calls import Call, Cost
from ledger.domain.joining import Joined, Key, Worn, join, key_of, source_of

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

    duplicates: set[int] = field(default_factory=set)
    """Places of records that are there already."""
    joined: set[int] = field(default_factory=set)
    """Places of records that become part of a call that others tell of too."""
    counted_as_booked: Counter[int] = field(default_factory=Counter)
    """By place, calls that these records bring all the same."""
    new_calls: list[BookedCall] = field(default_factory=list)
    """Calls that several of the records tell of together."""
    copies: list[Joined] = field(default_factory=list)
    """Calls whose records are kept, with the name of the call beside each of theirs."""
    taken_back: list[BookedCall] = field(default_factory=list)
    put_in: list[BookedCall] = field(default_factory=list)
    joined_later: int = 0
    """Calls that had been booked and turn out to be copies of others."""
    parted_later: int = 0
    """Calls beyond the records being booked: what joined others turns out to be worn."""


class Families:
    """Decides what records of the same call become."""

    def __init__(self, price: Price, window: timedelta, remembered: timedelta) -> None:
        self._price = price
        self._window = window
        self._remembered = remembered

    def sort_out(
        self,
        connection: psycopg.Connection[Any],
        suspects: Sequence[Suspect],
        now: datetime,
        may_be_told: MayBeTold,
    ) -> Sorted:
        """What becomes of records that may have relatives; reads the ledger, changes nothing."""
        remembered = now - self._remembered
        keys = [(suspect.call.tenant, suspect.keys) for suspect in suspects]
        found = find_told(connection, keys, remembered, may_be_told)
        known = {(one.tenant, one.key) for one in found.told}
        if found.worn:
            # Of a name told very often only some tellings are read: these records may be others.
            known |= known_by_name(connection, [suspect.call for suspect in suspects])
        result = Sorted()
        new = _without_duplicates(suspects, known, result)
        related = _related(new, [one for one in found.told if one.arrived_at >= now - self._window])
        families = Found([], set())
        if related:
            families = whole_families(connection, related, remembered, may_be_told)
        relatives = _relatives(connection, families.told)
        worn = found.worn | families.worn
        for tenant, of_tenant in _by_tenant(new).items():
            self._join(of_tenant, relatives[tenant], worn, result)
        return result

    def _join(
        self,
        new: Sequence[Suspect],
        relatives: _Relatives,
        worn_keys: set[tuple[int, int]],
        result: Sorted,
    ) -> None:
        """Join one tenant's records and note what has to change in the books."""
        listed = [*relatives.records, *((suspect.call, suspect.keys) for suspect in new)]
        worn = worn_names(listed, worn_keys)
        earlier, booked = relatives.whole(worn)
        places = {key_of(suspect.call): suspect.place for suspect in new}
        joined = join([*earlier, *(suspect.call for suspect in new)], worn)
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
            result.joined.update(ours)
            stays.add(key_of(one.call))
            self._correct(one, bool(ours), booked, result)
        result.taken_back += [call for key, call in booked.items() if key not in stays]
        extra = len(joined) - len(booked) - fresh
        result.joined_later += max(0, -extra)
        result.parted_later += max(0, extra - len(unclaimed))
        result.counted_as_booked.update(unclaimed[: max(0, extra)])

    def _book_new(self, one: Joined, ours: Sequence[int], result: Sorted) -> None:
        if len(ours) == 1:
            return
        result.joined.update(ours)
        result.counted_as_booked[ours[0]] += 1
        result.new_calls.append(BookedCall(one.call, self._price(one.call)))
        result.copies.append(one)

    def _correct(
        self, one: Joined, has_new: bool, booked: dict[Key, BookedCall], result: Sorted
    ) -> None:
        before = booked.get(key_of(one.call))
        changes = before is None or not same_in_books(before.call, one.call)
        if changes:
            if before is not None:
                result.taken_back.append(before)
            result.put_in.append(BookedCall(one.call, self._price(one.call)))
        if has_new or changes or len(one.records) > 1:
            result.copies.append(one)


class _Relatives:
    """One tenant's earlier records, with what the books show of them."""

    def __init__(self) -> None:
        self.records: list[tuple[Call, CallKeys]] = []
        self.booked: dict[Key, BookedCall] = {}

    def whole(self, worn: Worn) -> tuple[list[Call], dict[Key, BookedCall]]:
        """Those records that add up to what the books show.

        Where some were forgotten or are too many to be read, joining the others anew would count
        the forgotten ones twice or lose what they said; so such calls are left as they are.
        """
        kept: list[Call] = []
        standing: dict[Key, BookedCall] = {}
        for one in join([call for call, _ in self.records], worn):
            shown = [key for record in one.records if (key := key_of(record)) in self.booked]
            if shown == [key_of(one.call)] and same_in_books(self.booked[shown[0]].call, one.call):
                kept += one.records
                standing[shown[0]] = self.booked[shown[0]]
        return kept, standing


def _relatives(
    connection: psycopg.Connection[Any], told: Sequence[Told]
) -> defaultdict[str, _Relatives]:
    """The earlier records by tenant."""
    relatives: defaultdict[str, _Relatives] = defaultdict(_Relatives)
    if told:
        booked = booked_now(connection, [(one.tenant, one.key) for one in told])
        records = records_of(connection, told, booked)
        for one in told:
            if (one.tenant, one.key) in records:
                keys = CallKeys(one.own, one.response, one.parent)
                relatives[one.tenant].records.append((records[one.tenant, one.key], keys))
        for (tenant, key), call in booked.items():
            relatives[tenant].booked[key] = call
    return relatives


def _by_tenant(suspects: Sequence[Suspect]) -> dict[str, list[Suspect]]:
    tenants: defaultdict[str, list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        tenants[suspect.call.tenant].append(suspect)
    return tenants


def _without_duplicates(
    suspects: Sequence[Suspect], known: set[_TenantKey], result: Sorted
) -> list[Suspect]:
    """The suspects that did not come before; of the same record twice, the first."""
    kept = []
    seen = set(known)
    for suspect in suspects:
        key = (suspect.call.tenant, key_of(suspect.call))
        if key in seen:
            result.duplicates.add(suspect.place)
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
    sources: defaultdict[int | None, set[str]] = defaultdict(set)
    for suspect in new:
        sources[suspect.keys.response].add(source_of(suspect.call))
    asked = sources.keys() - {None}
    for one in told:
        sources[one.response].add(one.source)
    joining = {response for response in asked if len(sources[response]) > 1}
    return [
        one
        for one in told
        if one.own in own or one.own in parents or one.parent in own or one.response in joining
    ]
