"""Log records as their readers see them, whether they came as protobuf or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from collector.receivers.records import RAW_USAGE, RECORD_FIELDS

EVENT_NAME = "event.name"
"""Attribute in which senders of before LogRecord had the field of that name say it."""
GENAI_EVENTS = "gen_ai."
"""Prefix of the events whose bodies and attributes can hold messages."""
OWN_ATTRIBUTES = "tollbook."
MARK = b"started_at"
"""What a call in our own words cannot do without; bodies without it are not even decoded."""

MOST_PARTS = 64
"""Of each of the maps below; of more, the first count."""
DEEPEST_USAGE = 4
"""How far maps and lists may lie in each other in a provider's own usage."""
_MAPS = ("usage", RAW_USAGE, "tags")


class LogRecord(msgspec.Struct, frozen=True):
    """One log record with what it inherits from its scope and resource.

    `attributes` and `resource` hold the names of `semconv.WANTED`, and tags together under
    TAG_PREFIX; content is not even decoded.
    """

    trace_id: str
    """Hexadecimal; empty where there is none."""
    span_id: str
    unix_nanos: int
    """When it happened, or else when it was observed; 0 when nobody knows."""
    event_name: str
    scope: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    call_json: bytes | None
    """A call as POST /v1/calls takes it, if the record holds one."""


class _Marks(msgspec.Struct):
    """The fields by which a call in our own words is known."""

    started_at: msgspec.Raw = msgspec.Raw(b"")
    tenant: msgspec.Raw = msgspec.Raw(b"")
    usage: msgspec.Raw = msgspec.Raw(b"")
    raw_usage: msgspec.Raw = msgspec.Raw(b"")
    model: msgspec.Raw = msgspec.Raw(b"")
    request_model: msgspec.Raw = msgspec.Raw(b"")
    error_type: msgspec.Raw = msgspec.Raw(b"")


def call_json_of_text(text: bytes) -> bytes | None:
    """The text, if it is the JSON of a call; also if it looks like one that is damaged."""
    if MARK not in text or not text.lstrip().startswith(b"{"):
        return None
    try:
        marks = msgspec.json.decode(text, type=_Marks)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return text if b'"tenant"' in text and b'"model"' in text else None
    said = {name for name in marks.__struct_fields__ if bytes(getattr(marks, name))}
    return text if _is_call(said) else None


def call_json_of_fields(fields: Iterable[tuple[str, Any]]) -> bytes | None:
    """The JSON of a call from its fields; `usage.input_tokens` is a part of `usage`."""
    record: dict[str, Any] = {}
    for name, value in fields:
        head, dot, rest = name.partition(".")
        if dot and head in _MAPS:
            parts = record.setdefault(head, {})
            if isinstance(parts, dict) and len(parts) < MOST_PARTS:
                parts[rest] = value
        elif name in RECORD_FIELDS and not (isinstance(value, dict) and name not in _MAPS):
            record[name] = value
    return json.dumps(record).encode() if _is_call(record.keys()) else None


def _is_call(said: Iterable[str]) -> bool:
    names = frozenset(said)
    return (
        "started_at" in names
        and not names.isdisjoint(("tenant", "usage", RAW_USAGE))
        and not names.isdisjoint(("model", "request_model", "error_type"))
    )
