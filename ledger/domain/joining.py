"""Copies: several records of one call, told by different instrumentations, signals or senders.

What belongs together and what it adds up to is decided here by pure functions of the set of
records, so the order in which they arrive cannot matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ledger.domain.calls import ERROR, UNKNOWN_MODEL, UNKNOWN_PROVIDER, Call

RANKS: Mapping[str, int] = {
    "anthropic_sdk": 0,
    "mistral_sdk": 0,
    "xai_sdk": 0,
    "otel_genai": 1,
    "openinference": 1,
    "traceloop": 1,
    "openlit": 1,
    "langfuse": 1,
    "tollbook": 1,
    "litellm": 2,
    "otel_genai_event": 3,
}
"""How near to the provider a dialect's records are made: its own SDK first, logs last."""

_LOG_RECEIVERS = frozenset(("logs", "tail"))
_LOG_RANK = 3

MOST_RECORDS_OF_A_RESPONSE = 64
"""A response id told more often names nothing: some servers answer with the same one always."""

_GENERATION = frozenset(
    ("chat", "completion", "generate_content", "responses", "text_completion", "message")
)
"""Operations that different instrumentations use for the same request."""

Key = tuple[datetime, str]
"""Start and id: what makes a record one, beside its tenant."""

_FILLED = tuple(
    name
    for name in Call.__struct_fields__
    if name not in ("tenant", "id", "started_at", "status", "usage", "raw_usage", "tags",
                    "dialect", "receiver", "scope")
)  # fmt: skip
_EMPTY = frozenset((None, "", UNKNOWN_PROVIDER, UNKNOWN_MODEL))


class Joined(msgspec.Struct, frozen=True):
    """One call and the records it was told by, the one that names it first."""

    call: Call
    records: tuple[Call, ...]


def key_of(call: Call) -> Key:
    """What makes a record one within its tenant."""
    return (call.started_at, call.id)


def parent_id(call: Call) -> str | None:
    """The id that the span above has unless its sender chose another."""
    if call.parent_span_id is None or call.trace_id is None:
        return None
    return call.trace_id + call.parent_span_id


def source_of(call: Call) -> str:
    """Who told of a call: entrance and instrumentation scope."""
    return f"{call.receiver} {call.scope}"


def join(records: Iterable[Call]) -> list[Joined]:
    """The calls that one tenant's records tell of, each with its records, in a fixed order.

    Records are of one call when they have the same id; when different sources told the same
    response id (the first with the first, the second with the second ...); when one is a span of a
    request to a model below another such span.
    """
    ordered = sorted(records, key=lambda call: (call.started_at, call.id, source_of(call)))
    groups = _Groups(ordered)
    _join_ids(ordered, groups)
    _join_responses(ordered, groups)
    _join_spans(ordered, groups)
    return [_joined(members, ordered) for members in groups.members()]


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


def _join_ids(records: Sequence[Call], groups: _Groups) -> None:
    first: dict[str, int] = {}
    for position, call in enumerate(records):
        groups.merge(first.setdefault(call.id, position), position)


def _join_responses(records: Sequence[Call], groups: _Groups) -> None:
    told: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, call in enumerate(records):
        if call.response_id:
            by_source = told[call.response_id][source_of(call)]
            if groups.root(position) not in map(groups.root, by_source):
                by_source.append(position)
    for sources in told.values():
        if sum(map(len, sources.values())) > MOST_RECORDS_OF_A_RESPONSE:
            continue
        lists = [sources[name] for name in sorted(sources)]
        for place in range(max(map(len, lists))):
            same = [positions[place] for positions in lists if place < len(positions)]
            for position in same[1:]:
                groups.merge(same[0], position)


def _join_spans(records: Sequence[Call], groups: _Groups) -> None:
    """Merge each span with the span below it that stands for the same request."""
    below: dict[int, list[int]] = defaultdict(list)
    position_of = {call.id: position for position, call in enumerate(records)}
    for position, call in enumerate(records):
        parent = position_of.get(parent_id(call) or "")
        if parent is not None and parent != position:
            below[parent].append(position)
    for parent in sorted(below, key=lambda place: -_depth(place, records, position_of)):
        same = _same_request(records, parent, below[parent])
        if same is not None:
            groups.merge(parent, same)


def _depth(position: int, records: Sequence[Call], position_of: Mapping[str, int]) -> int:
    """How many of these records stand above one; a circle is left after a walk around it."""
    seen = {position}
    while True:
        above = position_of.get(parent_id(records[position]) or "")
        if above is None or above in seen:
            return len(seen) - 1
        seen.add(above)
        position = above


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
    position_of = {call.id: position for position, call in enumerate(calls)}
    depths = {id(call): _depth(place, calls, position_of) for place, call in enumerate(calls)}
    calls.sort(
        key=lambda call: (_rank(call), -depths[id(call)], call.scope, call.started_at, call.id)
    )
    return Joined(_merged(calls), tuple(calls))


def _rank(call: Call) -> int:
    if call.receiver in _LOG_RECEIVERS:
        return _LOG_RANK
    return RANKS.get(call.dialect, _LOG_RANK)


def _merged(calls: Sequence[Call]) -> Call:
    """The first record, with what it does not say filled in from the others in their order."""
    primary = calls[0]
    changes: dict[str, Any] = {}
    for name in _FILLED:
        if _is_empty(getattr(primary, name)):
            told = [value for c in calls if not _is_empty(value := getattr(c, name))]
            if told:
                changes[name] = told[0]
    told_usage = next((call for call in calls if call.usage.is_known), primary)
    changes["usage"], changes["raw_usage"] = told_usage.usage, told_usage.raw_usage
    tags = {name: value for c in reversed(calls) for name, value in (c.tags or {}).items()}
    changes["tags"] = tags or None
    return msgspec.structs.replace(primary, **changes)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in _EMPTY)
