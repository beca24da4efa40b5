"""Payloads of refused records: enough to see the fault, never prompts or completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers.records import RECORD_FIELDS, USAGE_FIELDS

_MAX_PAYLOAD_CHARACTERS = 4096
_MAX_VALUE_CHARACTERS = 200


def record_payload(record: bytes) -> str:
    """What of a JSON record can be kept: its known fields with plain values, long texts cut."""
    fields = _object(record)
    if fields is None:
        return json.dumps({"unreadable_bytes": len(record)})
    kept = {name: fields[name] for name in RECORD_FIELDS & fields.keys()}
    usage = fields.get("usage")
    if isinstance(usage, dict):
        kept |= {f"usage.{name}": usage[name] for name in USAGE_FIELDS & usage.keys()}
    return attributes_payload(kept)


def attributes_payload(attributes: Mapping[str, Any]) -> str:
    """The attributes as JSON, at most 4 KiB; lists and maps could hold content and are left out."""
    kept = {
        name: value[:_MAX_VALUE_CHARACTERS] if isinstance(value, str) else value
        for name, value in sorted(attributes.items())
        if value is None or isinstance(value, str | bool | int | float)
    }
    return json.dumps(kept)[:_MAX_PAYLOAD_CHARACTERS]


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
