"""What the records of one call add up to: the nearest to the provider speaks, others fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ledger.domain.calls import ERROR, UNKNOWN_MODEL, UNKNOWN_PROVIDER, Call
from ledger.domain.usage import Usage

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

_NOT_FILLED = frozenset(
    ("tenant", "id", "started_at", "status", "usage", "raw_usage", "tags", "dialect", "receiver",
     "scope")
)  # fmt: skip
_EMPTY = frozenset((None, "", UNKNOWN_PROVIDER, UNKNOWN_MODEL))


def parent_id(call: Call) -> str | None:
    """The id that the span above has unless its sender chose another."""
    if call.parent_span_id is None or call.trace_id is None:
        return None
    return call.trace_id + call.parent_span_id


def is_log(call: Call) -> bool:
    """Whether a log told of the call, and not a span or a record of its own."""
    return call.receiver in _LOG_RECEIVERS


def in_rank(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The records of one call, the nearest to the provider first.

    By rank of the dialect, then the span deepest below the others, then the name of the scope; of
    one source a call that worked speaks before its tries that did not.
    """
    calls = sorted(calls, key=lambda call: (call.started_at, call.id))
    depths = _depths(calls)
    order = sorted(
        range(len(calls)),
        key=lambda place: (
            _rank(calls[place]),
            -depths[place],
            calls[place].scope,
            calls[place].status == ERROR,
            calls[place].started_at,
            calls[place].id,
        ),
    )
    return tuple(calls[place] for place in order)


def merged(calls: Sequence[Call]) -> Call:
    """The first record, with what it does not say filled in from the others in their order."""
    primary = calls[0]
    changes: dict[str, Any] = {}
    told_by_field = zip(*map(msgspec.structs.astuple, calls), strict=True)
    for name, values in zip(Call.__struct_fields__, told_by_field, strict=True):
        if name not in _NOT_FILLED and values[0] in _EMPTY:
            told = next((value for value in values if value not in _EMPTY), None)
            if told is not None and (name != "error_type" or primary.status == ERROR):
                changes[name] = told
    changes["usage"], changes["raw_usage"] = _used(calls)
    tags = {name: value for c in reversed(calls) for name, value in (c.tags or {}).items()}
    changes["tags"] = tags or None
    return msgspec.structs.replace(primary, **changes)


def _used(calls: Sequence[Call]) -> tuple[Usage, dict[str, Any] | None]:
    """Usage and raw usage of one record: of one that worked, if it knows any, and of all of it.

    What a call that was broken off had used by then is part of what it used when it was done.
    """
    told = min(
        (call for call in calls if call.usage.is_known),
        key=lambda call: (call.status == ERROR, not call.usage.is_whole),
        default=calls[0],
    )
    return told.usage, told.raw_usage


def _depths(calls: Sequence[Call]) -> list[int]:
    """How many of these records stand above each; those of a circle stand equally deep."""
    position_of = {call.id: position for position, call in enumerate(calls)}
    above = [position_of.get(parent_id(call) or "") for call in calls]
    depths: dict[int, int] = {}
    for start in range(len(calls)):
        path: dict[int, int] = {}
        place: int | None = start
        while place is not None and place not in depths and place not in path:
            path[place] = len(path)
            place = above[place]
        if place in path:
            circle = [one for one, step in path.items() if step >= path[place]]
            depths.update(dict.fromkeys(circle, len(circle) - 1))
        depth = -1 if place is None else depths[place]
        for one in reversed([one for one in path if one not in depths]):
            depth += 1
            depths[one] = depth
    return [depths[place] for place in range(len(calls))]


def _rank(call: Call) -> int:
    if is_log(call):
        return _LOG_RANK
    return RANKS.get(call.dialect, _LOG_RANK)
