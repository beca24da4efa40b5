"""What of a usage object is kept beside the counts that were made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

_DEEPEST = 6
_MOST_PARTS = 64
_LONGEST_TEXT = 64
_TOO_LARGE = 2**63
_ALWAYS_KEPT = 2
_FEWEST_BYTES_AN_OBJECT = 24


def is_dense(written: bytes) -> bool:
    """Whether JSON has more objects and lists than a usage object of its size.

    An empty one takes two bytes of its sender's and two hundred of ours.
    """
    opened = written.count(b"{") + written.count(b"[")
    return opened > _ALWAYS_KEPT + len(written) // _FEWEST_BYTES_AN_OBJECT


def kept(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The object as it was sent, bounded: 64 parts of each object or list, 64 characters a text.

    Known and unknown fields alike; a usage object has counts and names, so nothing of it is lost.
    """
    return _map(raw, 0)


def _map(raw: Mapping[str, Any], depth: int) -> dict[str, Any]:
    parts = islice(raw.items(), _MOST_PARTS)
    return {_text(str(name)): _value(value, depth + 1) for name, value in parts}


def _value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, int):
        return value if value is None or abs(value) < _TOO_LARGE else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth < _DEEPEST and isinstance(value, Mapping):
        return _map(value, depth)
    if depth < _DEEPEST and isinstance(value, list):
        return [_value(part, depth + 1) for part in value[:_MOST_PARTS]]
    return None


def _text(value: str) -> str:
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:_LONGEST_TEXT]
