"""A bound on how many entries an OTLP body in protobuf holds: an empty one takes two bytes.

Millions of them take far more memory than the body, and minutes in which nobody else's calls are
read.
"""

from __future__ import annotations

from ledger.domain.errors import UnreadableBody

_ALWAYS_READ_BYTES = 1024 * 1024
_FEWEST_BYTES_AN_ENTRY = 24
"""A span or a log record that tells anything has more."""
_WAY = (1, 2, 0)
"""Numbers of the fields that hold resources and, in these, scopes; what scopes hold is counted."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


def refuse_many_entries(body: bytes) -> None:
    """Raises UnreadableBody for a large body with more entries than can be telemetry.

    What is damaged is left to the parser, which stops at the same place.
    """
    if len(body) <= _ALWAYS_READ_BYTES:
        return
    most = len(body) // _FEWEST_BYTES_AN_ENTRY
    try:
        left = _count(body, 0, len(body), 0, most)
    except IndexError:
        return
    if left < 0:
        raise UnreadableBody(
            f"the body has more than an entry in {_FEWEST_BYTES_AN_ENTRY} bytes; that is no"
            " telemetry"
        )


def _count(body: bytes, at: int, end: int, depth: int, left: int) -> int:
    """How many entries are left to find once those from `at` to `end` are counted."""
    while at < end and left >= 0:
        tag, at = _varint(body, at)
        kind = tag & 7
        left -= 1
        if kind == _BYTES:
            size, at = _varint(body, at)
            if size and tag >> 3 == _WAY[depth]:
                left = _count(body, at, min(at + size, end), depth + 1, left)
            at += size
        elif kind == _VARINT:
            _, at = _varint(body, at)
        elif kind in _FIXED_BYTES:
            at += _FIXED_BYTES[kind]
        else:
            # A group, which OTLP does not know.
            return -1
    return left


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = body[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for shift in range(7, 70, 7):
        at += 1
        value |= (body[at] & 0x7F) << shift
        if body[at] < 0x80:
            return value, at + 1
    raise IndexError
