"""A bound on how many parts a protobuf body holds.

An empty part takes two bytes of its sender's and hundreds of ours, and as long to read as any. Only
tags and lengths are looked at, and only in bodies that are large enough to do harm.
"""

from __future__ import annotations

from ledger.domain.errors import UnreadableBody

_ALWAYS_READ_BYTES = 64 * 1024
_FEWEST_BYTES_A_PART = 16
_MOST_PARTS = 500_000

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

Path = tuple[int, ...]
"""Field numbers from the outside in."""

REQUEST_PATHS: tuple[Path, ...] = ((1, 2, 2), (1, 1, 1))
"""Spans, log records or metrics in their scopes and resources, and attributes of resources."""


def refuse_dense(message: bytes, paths: tuple[Path, ...] = REQUEST_PATHS) -> None:
    """Raises UnreadableBody for a message that has more parts than telemetry of its size."""
    if is_dense(message, paths):
        raise UnreadableBody(
            f"the body has more than a part in {_FEWEST_BYTES_A_PART} bytes, or more than"
            f" {_MOST_PARTS} in all; that is no telemetry"
        )


def is_dense(message: bytes, paths: tuple[Path, ...]) -> bool:
    """Whether there are too many parts along one of these paths."""
    if len(message) <= _ALWAYS_READ_BYTES:
        return False
    most = min(_MOST_PARTS, len(message) // _FEWEST_BYTES_A_PART)
    return any(_parts(message, 0, len(message), path, most) > most for path in paths)


def _parts(message: bytes, start: int, end: int, path: Path, most: int) -> int:
    """How many parts there are along a path; counting ends beyond `most` and at what is damaged."""
    found = 0
    wanted, deeper = path[0] << 3 | _LENGTH, path[1:]
    place = start
    try:
        while place < end and found <= most:
            tag, place = _varint(message, place)
            kind = tag & 7
            if kind == _LENGTH:
                size, place = _varint(message, place)
                if tag == wanted:
                    found += 1
                    if deeper:
                        inner_end = min(place + size, end)
                        found += _parts(message, place, inner_end, deeper, most - found)
                place += size
            elif kind == _VARINT:
                _, place = _varint(message, place)
            elif kind in (_FIXED64, _FIXED32):
                place += 8 if kind == _FIXED64 else 4
            else:
                return found
    except IndexError:
        return found
    return found


def _varint(message: bytes, place: int) -> tuple[int, int]:
    byte = message[place]
    if byte < 0x80:
        return byte, place + 1
    value, shift = byte & 0x7F, 7
    while True:
        place += 1
        byte = message[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
        if shift > 63:
            raise IndexError
