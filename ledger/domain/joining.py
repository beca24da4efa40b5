"""Copies: several records of one call, told by different instrumentations, signals or senders.

What belongs together is decided here by a pure function of the set of records, so the order in
which they arrive cannot matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from ledger.domain.calls import ERROR, Call
from ledger.domain.merging import in_rank, is_log, merged, parent_id

MOST_TELLINGS = 64
"""A name told by more records names nothing: some servers answer with the same response id always,
some senders number their calls from one again, and a span with more requests below it is none."""

_GENERATION = frozenset(
    ("chat", "completion", "generate_content", "responses", "text_completion", "message")
)
"""Operations that different instrumentations use for the same request."""

FURTHEST_AHEAD = timedelta(days=1)
"""How far a sender's clock may be ahead (validation refuses more)."""

Key = tuple[datetime, str]
"""Start and id: what makes a record one, beside its tenant."""


class Joined(msgspec.Struct, frozen=True):
    """One call and the records it was told by, the one that names it first."""

    call: Call
    records: tuple[Call, ...]


class Worn(NamedTuple):
    """Names of one tenant that were told too often to name anything."""

    ids: frozenset[str] = frozenset()
    responses: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    """Ids of spans with too many records below them."""


def remembered_for(join_window: timedelta) -> timedelta:
    """How long after its arrival a record can still be found by others that are joined with it."""
    return join_window + FURTHEST_AHEAD


def key_of(call: Call) -> Key:
    """What makes a record one within its tenant."""
    return (call.started_at, call.id)


def source_of(call: Call) -> str:
    """Who told of a call: entrance and instrumentation scope."""
    return f"{call.receiver} {call.scope}"


def join(records: Iterable[Call], worn: Worn = Worn()) -> list[Joined]:  # noqa: B008 - immutable
    """The calls that one tenant's records tell of, each with its records, in a fixed order.

    Records are of one call when they have the same id; when different sources told the same
    response id (the first with the first, the second with the second ...); when one is a span of a
    request to a model below another such span. Names that are `worn`, or that more than
    MOST_TELLINGS of these records tell, join nothing.
    """
    ordered = sorted(records, key=lambda call: (call.started_at, call.id, source_of(call)))
    worn = _worn(ordered, worn)
    groups = _Groups(ordered)
    _join_ids(ordered, groups, worn)
    _join_responses(ordered, groups, worn)
    _join_spans(ordered, groups, worn)
    return [_joined(members, ordered) for members in groups.members()]


def _worn(records: Sequence[Call], before: Worn) -> Worn:
    """The worn names with those that these records tell too often."""
    names = (
        (call.id for call in records),
        (call.response_id for call in records),
        (parent_id(call) for call in records),
    )
    often = [
        {name for name, times in Counter(told).items() if name and times > MOST_TELLINGS}
        for told in names
    ]
    return Worn(*(known | more for known, more in zip(before, often, strict=True)))


class _Groups:
    """Sets of positions that are merged step by step."""

    def __init__(self, records: Sequence[Call]) -> None:
        self._root = list(range(len(records)))

    def root(self, position: int) -> int:
        while self._root[position] != position:
            self._root[position] = self._root[self._root[position]]
            position = self._root[position]
        return position

    def merge(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._root[second] = first

    def members(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for position in range(len(self._root)):
            found[self.root(position)].append(position)
        return list(found.values())


def _join_ids(records: Sequence[Call], groups: _Groups, worn: Worn) -> None:
    first: dict[str, int] = {}
    for position, call in enumerate(records):
        if call.id not in worn.ids:
            groups.merge(first.setdefault(call.id, position), position)


def _join_responses(records: Sequence[Call], groups: _Groups, worn: Worn) -> None:
    told: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, call in enumerate(records):
        if call.response_id and call.response_id not in worn.responses:
            by_source = told[call.response_id][source_of(call)]
            if groups.root(position) not in map(groups.root, by_source):
                by_source.append(position)
    for sources in told.values():
        lists = [sources[name] for name in sorted(sources)]
        for place in range(max(map(len, lists))):
            same = [positions[place] for positions in lists if place < len(positions)]
            for position in same[1:]:
                groups.merge(same[0], position)


def _join_spans(records: Sequence[Call], groups: _Groups, worn: Worn) -> None:
    """Merge each span with the span and with the log record below it that tell of its request."""
    below: dict[tuple[int, bool], list[int]] = defaultdict(list)
    position_of = {call.id: p for p, call in enumerate(records) if call.id not in worn.ids}
    for position, call in enumerate(records):
        above = parent_id(call)
        parent = None if above in worn.parents else position_of.get(above or "")
        if parent is not None and parent != position:
            below[parent, is_log(call)].append(position)
    # Decided for all spans before any is merged, so that it does not matter which comes first.
    roots = [groups.root(position) for position in range(len(records))]
    for (parent, _), children in below.items():
        if any(roots[child] == roots[parent] for child in children):
            continue
        same = _same_request(records, parent, children)
        if same is not None:
            groups.merge(parent, same)


def _same_request(records: Sequence[Call], parent: int, children: list[int]) -> int | None:
    """The child that tells of its parent's request: of several tries the last that worked."""
    alike = [c for c in children if _alike(records[parent], records[c])]
    worked = [c for c in alike if records[c].usage.is_known or records[c].status != ERROR]
    if not worked and records[parent].status == ERROR:
        worked = alike
    return max(
        worked,
        key=lambda c: (
            records[c].usage.is_known,
            records[c].status != ERROR,
            records[c].started_at,
            records[c].id,
        ),
        default=None,
    )


def _alike(one: Call, other: Call) -> bool:
    operations = {one.operation.lower(), other.operation.lower()}
    return len(operations) == 1 or operations <= _GENERATION


def _joined(members: Sequence[int], records: Sequence[Call]) -> Joined:
    calls = [records[position] for position in members]
    if len(calls) == 1:
        return Joined(calls[0], (calls[0],))
    ranked = in_rank(calls)
    return Joined(merged(ranked), ranked)
