"""Payloads of refused records: enough to see the fault, never prompts or completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers.records import NOT_GIVEN, CallRecord, UsageRecord
from ledger.pricing.usages.told import numbers_in

_MAX_PAYLOAD_CHARACTERS = 4096
_MAX_VALUE_CHARACTERS = 200

_FIELDS = zip(CallRecord.__struct_fields__, CallRecord.__struct_encode_fields__, strict=True)
_USAGE_FIELDS = dict(
    zip(UsageRecord.__struct_fields__, UsageRecord.__struct_encode_fields__, strict=True)
)
_Fields: Any = msgspec.defstruct("_Fields", [(name, msgspec.Raw, NOT_GIVEN) for name, _ in _FIELDS])
_Usage: Any = msgspec.defstruct(
    "_Usage", [(name, msgspec.Raw, NOT_GIVEN) for name in _USAGE_FIELDS], rename=_USAGE_FIELDS
)


def record_payload(record: bytes) -> str:
    """What of a JSON record can be kept: its known fields with plain values, long texts cut."""
    fields = _read(record, _Fields)
    if fields is None:
        return json.dumps({"unreadable_bytes": len(record)})
    kept = {name: _plain(getattr(fields, name)) for name in CallRecord.__struct_fields__}
    usage = _read(fields.usage, _Usage)
    for field, name in _USAGE_FIELDS.items():
        kept[f"usage.{name}"] = None if usage is None else _plain(getattr(usage, field))
    kept |= _raw_counts(fields.raw_usage)
    return attributes_payload({name: value for name, value in kept.items() if value is not None})


def _raw_counts(written: msgspec.Raw) -> dict[str, Any]:
    """The numbers in a provider's usage object by their paths; texts could be content."""
    if len(bytes(written)) > _MAX_PAYLOAD_CHARACTERS:
        return {}
    numbers = numbers_in(_read(written, dict[str, Any]) or {})
    return {f"raw_usage.{path}": number for path, number in numbers}


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
    fields = _read(record, _Fields)
    tenant = None if fields is None else _plain(fields.tenant)
    return tenant if isinstance(tenant, str) else None


def _read(record: bytes | msgspec.Raw, shape: Any) -> Any:
    """The fields as they were written, none of them decoded; None for what is no JSON object."""
    try:
        return msgspec.json.decode(record, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _plain(written: msgspec.Raw) -> Any:
    """A plain value; None for lists and maps, which are not even decoded."""
    if bytes(written)[:1] in (b"[", b"{"):
        return None
    try:
        return msgspec.json.decode(written)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
