"""What every call must fulfil, whichever receiver it came through."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec

from ledger.access.principals import EVERY_TENANT
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord

EARLIEST_START = datetime(2015, 1, 1, tzinfo=UTC)
FURTHEST_AHEAD = timedelta(days=1)
LONGEST_CALL_SECONDS = 7 * 86_400.0
LONGEST_TEXT = 256
MOST_TAGS = 64

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, overrides of the writing direction and lone surrogates."""

_KEY_TEXTS = ("tenant", "id", "provider", "model", "operation")
_TEXTS = (
    "request_model", "error_type", "feature", "service", "environment", "region", "user",
    "session", "prompt_name", "prompt_version", "service_tier", "trace_id", "span_id",
    "operation_id", "response_id", "reservation_id", "verdict", "scope", "parent_span_id",
)  # fmt: skip


_texts = attrgetter(*_TEXTS)
_MOST_REMEMBERED = 100_000
_remembered: set[str] = set()
"""Key texts that were found sound; most calls repeat them."""


def validated(call: Call, now: datetime) -> Call:
    """The call with its time in UTC and overlong texts cut.

    Raises InvalidRecord, naming the field, for what must not be booked: a key text that is
    missing, too long or unprintable, a start before 2015 or more than a day after `now`, a duration
    that is not finite or longer than a week.
    """
    sound = _remembered
    if not (
        call.tenant in sound
        and call.tenant != EVERY_TENANT
        and call.provider in sound
        and call.model in sound
        and call.operation in sound
        and call.id.isalnum()
        and len(call.id) <= LONGEST_TEXT
    ):
        call = _with_sound_keys(call)
    _check_times(call, now)
    changes: dict[str, Any] = {}
    if call.started_at.tzinfo is not UTC:
        changes["started_at"] = call.started_at.astimezone(UTC)
    joined = "".join(filter(None, _texts(call)))
    if len(joined) > LONGEST_TEXT or "\x00" in joined:
        for name in _TEXTS:
            value = getattr(call, name)
            if value and (len(value) > LONGEST_TEXT or "\x00" in value):
                changes[name] = _storable(value)
    if call.tags:
        changes["tags"] = _storable_tags(call.tags)
    return msgspec.structs.replace(call, **changes) if changes else call


def _with_sound_keys(call: Call) -> Call:
    changes = {}
    if call.tenant.strip() == EVERY_TENANT:
        raise InvalidRecord("tenant", f"{EVERY_TENANT} stands for every tenant and is no name")
    for name in _KEY_TEXTS:
        value = getattr(call, name)
        _check_key_text(name, value)
        if value[0] == " " or value[-1] == " ":
            changes[name] = value.strip()
        elif name != "id":
            if len(_remembered) >= _MOST_REMEMBERED:
                _remembered.clear()
            _remembered.add(value)
    return msgspec.structs.replace(call, **changes) if changes else call


def _check_times(call: Call, now: datetime) -> None:
    if not EARLIEST_START <= call.started_at <= now + FURTHEST_AHEAD:
        raise InvalidRecord(
            "started_at",
            f"{call.started_at.isoformat()} is before {EARLIEST_START.year}"
            " or more than a day ahead",
        )
    for name, seconds in (
        ("duration_seconds", call.duration_seconds),
        ("time_to_first_token_seconds", call.time_to_first_token_seconds),
    ):
        if seconds is not None and not 0 <= seconds <= LONGEST_CALL_SECONDS:
            shown = seconds if math.isfinite(seconds) else "not a number"
            raise InvalidRecord(name, f"{shown} is negative or longer than a week")


def _check_key_text(name: str, value: str) -> None:
    if not value or value.isspace():
        raise InvalidRecord(name, "missing")
    if len(value) > LONGEST_TEXT:
        raise InvalidRecord(name, f"longer than {LONGEST_TEXT} characters")
    if _CONTROL.search(value):
        raise InvalidRecord(name, "holds control characters")


def _storable(value: str) -> str:
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:LONGEST_TEXT]


def _storable_tags(tags: dict[str, Any]) -> dict[str, Any]:
    """The first tags with plain values; nested ones could hold content and are left out."""
    kept: dict[str, Any] = {}
    for name, value in tags.items():
        if len(kept) == MOST_TAGS:
            break
        if isinstance(value, str):
            kept[_storable(name)] = _storable(value)
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            kept[_storable(name)] = value
    return kept
