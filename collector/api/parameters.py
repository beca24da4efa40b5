"""Query parameters, read with helpful errors."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from werkzeug.datastructures import MultiDict

from ledger.domain.errors import InvalidQuestion
from ledger.domain.zones import zone

Parameters = MultiDict[str, str]


def refuse_unknown(parameters: Parameters, known: Sequence[str]) -> None:
    """Raise InvalidQuestion for an unknown parameter: a typo would widen the answer."""
    for name in parameters:
        if name not in known:
            raise InvalidQuestion(name, f"is no parameter here; known are {', '.join(known)}")
        if any("\x00" in value for value in parameters.getlist(name)):
            raise InvalidQuestion(name, "holds a NUL character")


def time_zone(parameters: Parameters, default: str) -> ZoneInfo:
    """The IANA zone under `tz`."""
    name = parameters.get("tz", default)
    try:
        return zone(name)
    except ValueError as error:
        raise InvalidQuestion("tz", str(error)) from error


def moment(parameters: Parameters, name: str, tz: ZoneInfo) -> datetime | None:
    """An ISO 8601 date or time; without an offset it is meant in `tz`. None when not given."""
    value = parameters.get(name)
    if value is None:
        return None
    try:
        if len(value) == len("2026-01-31"):
            value += "T00:00:00"
        parsed = datetime.fromisoformat(value.replace(" ", "+"))
        parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=tz)
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidQuestion(
            name, f"{value!r} is no ISO 8601 time, such as 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from error


def whole_number(parameters: Parameters, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    value = parameters.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:20]) <= most:
        raise InvalidQuestion(name, f"{value!r} is no whole number from 1 to {most}")
    return int(value)


def cursor(parameters: Parameters, shape: Any) -> Any:
    """What `encode_cursor` packed into `cursor`; None when not given."""
    value = parameters.get("cursor")
    if value is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(value.encode()), type=shape)
    except (ValueError, msgspec.MsgspecError) as error:
        raise InvalidQuestion("cursor", "is none of ours; start without one") from error


def encode_cursor(value: Any) -> str:
    """A place to go on from, opaque to clients."""
    return urlsafe_b64encode(msgspec.json.encode(value)).decode()
