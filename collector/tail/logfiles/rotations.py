"""Names that rotation gives to logs, and the name a rotated log had before."""

from __future__ import annotations

import re
from functools import lru_cache

_DATE = r"\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d{2}[-:_.]?\d{2}(?:[-:_.]?\d{2})?)?"
_AT_END = re.compile(rf"(?:\.\d{{1,3}}|[.-]\d{{8,14}}|[._-]{_DATE}|\.(?:old|bak|orig|prev)|~)$")
_BEFORE_EXTENSION = re.compile(
    rf"(?:\.\d{{1,3}}|[.-]\d{{8,14}}|[._-]{_DATE})(?=\.(?:log|json|jsonl|ndjson|txt|out)$)"
)
_COMPRESSED_BEGINNINGS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
_COMPRESSED = re.compile(r"\.(?:gz|bz2|xz|zst|lz4|zip|Z)$")


@lru_cache(maxsize=10_000)
def name_before_rotation(name: str) -> str:
    """`app.log` for itself, `app.log.1`, `app.log-20261124`, `app.2026-11-24.log` and the like."""
    while True:
        shorter = _BEFORE_EXTENSION.sub("", _AT_END.sub("", name))
        if shorter in ("", name):
            return name
        name = shorter


def has_compressed_name(name: str) -> bool:
    """Whether a file is compressed, by its name."""
    return _COMPRESSED.search(name) is not None


def has_compressed_content(head: bytes) -> bool:
    """Whether a file is compressed, by its first bytes."""
    return head.startswith(
        (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
    )
