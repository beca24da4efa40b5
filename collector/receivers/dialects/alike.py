"""Reading spans like one that was read before: only what varies is looked at.

Which attributes vary comes in few combinations, so how to read each is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects.counts import read_usage
from collector.receivers.dialects.fields import (
    duration_seconds,
    fields_in,
    identity,
    moment,
    number,
    reported_cost,
    text,
)
from collector.receivers.spans import Span, Timing
from ledger.domain.calls import Call
from ledger.domain.usage import MAX_TOKENS, Usage, usage_from_inclusive

_MOST_PLANS = 1024

ReadAlike = Callable[[Mapping[str, Any], Timing], Call]


class _Plan(NamedTuple):
    """Where to find what, for one combination of varying attributes."""

    fields: tuple[tuple[str, str], ...]
    """(field of a call, attribute)."""
    usage: tuple[tuple[str, str], ...]
    """(part of the usage, attribute)."""
    is_plain: bool
    """Whether no two attributes say the same and the rare ones are absent."""


def reader_of_alike(call: Call, span: Span) -> ReadAlike:
    """What reads spans like this one, in OpenTelemetry's names. They raise InvalidRecord."""
    inherited = fields_in(span.resource)
    nothing: dict[str, Any] = {name: inherited.get(name) for name in semconv.PER_CALL_FIELDS}
    pattern = msgspec.structs.replace(call, reported_cost_pico_usd=None, **nothing)

    def read(attributes: Mapping[str, Any], timing: Timing) -> Call:
        names = tuple(attributes)
        plan = _plans.get(names) or _plan(names)
        trace_id, span_id = timing.trace_id.hex(), timing.span_id.hex()
        parent = timing.parent_span_id
        started_at, ended_at = timing.start_time_unix_nano, timing.end_time_unix_nano
        usage, sent = _usage(attributes, plan)
        return msgspec.structs.replace(
            pattern,
            id=text(attributes.get(semconv.ID)) or identity(trace_id, span_id),
            started_at=moment(started_at),
            usage=usage,
            raw_usage=sent,
            duration_seconds=duration_seconds(started_at, ended_at),
            time_to_first_token_seconds=number(attributes, semconv.GENAI_TIME_TO_FIRST_CHUNK),
            trace_id=trace_id or None,
            span_id=span_id or None,
            parent_span_id=parent.hex() if parent else None,
            **_own_fields(attributes, plan),
        )

    return read


_plans: dict[tuple[str, ...], _Plan] = {}
_USAGE = {name: part for part, names in semconv.GENAI_USAGE.items() for name in names}
_FIELDS = {
    name: field for field in semconv.PER_CALL_FIELDS for name in semconv.SHARED_FIELDS[field]
}


def _plan(names: tuple[str, ...]) -> _Plan:
    fields = tuple((_FIELDS[name], name) for name in names if name in _FIELDS)
    usage = tuple((_USAGE[name], name) for name in names if name in _USAGE)
    told = [target for target, _ in (*fields, *usage)]
    is_plain = len(set(told)) == len(told) and not any(n in semconv.REPORTED_COST for n in names)
    if len(_plans) >= _MOST_PLANS:
        _plans.clear()
    plan = _plans[names] = _Plan(fields, usage, is_plain)
    return plan


def _own_fields(attributes: Mapping[str, Any], plan: _Plan) -> dict[str, Any]:
    if plan.is_plain:
        own = {field: attributes[name] for field, name in plan.fields}
        if all(type(value) is str and value for value in own.values()):
            return own
    found: dict[str, Any] = dict(fields_in(attributes))
    found["reported_cost_pico_usd"] = reported_cost(attributes)
    return found


def _usage(attributes: Mapping[str, Any], plan: _Plan) -> tuple[Usage, dict[str, Any] | None]:
    if plan.is_plain:
        sent = {name: attributes[name] for _, name in plan.usage}
        if all(type(tokens) is int and 0 <= tokens <= MAX_TOKENS for tokens in sent.values()):
            counts: dict[str, int | None] = {"input_tokens": None, "output_tokens": None}
            for part, name in plan.usage:
                counts[part] = sent[name]
            return usage_from_inclusive(**counts), sent or None
    return read_usage(attributes, semconv.GENAI_USAGE)
