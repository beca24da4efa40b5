"""Payloads of refused records: enough to see the fault, never prompts or completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers.records import RECORD_FIELDS

_MAX_PAYLOAD_CHARACTERS = 4096
_MAX_VALUE_CHARACTERS = 200


def record_payload(record: bytes) -> str:
    """What of a JSON record can be kept: its known fields, with long texts cut."""
    fields = _object(record)
    if fields is None:
        return json.dumps({"unreadable_bytes": len(record)})
    return attributes_payload({name: fields[name] for name in RECORD_FIELDS & fields.keys()})


def attributes_payload(attributes: Mapping[str, Any]) -> str:
    """The attributes as JSON, long texts cut, at most 4 KiB."""
    kept = {name: _short(value) for name, value in sorted(attributes.items())}
    return json.dumps(kept, default=str)[:_MAX_PAYLOAD_CHARACTERS]


def tenant_of(record: bytes) -> str | None:
    """The tenant that a refused JSON record names, if one can be read."""
    fields = _object(record)
    tenant = fields.get("tenant") if fields else None
    return tenant if isinstance(tenant, str) else None


def _object(record: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(record)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MAX_VALUE_CHARACTERS]
    if isinstance(value, dict):
        return {str(name)[:_MAX_VALUE_CHARACTERS]: _short(inner) for name, inner in value.items()}
    return value
