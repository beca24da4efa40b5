"""The inside of a spool file: accepted requests, each with its length and checksum.

A file starts with a mark, the version of the format and the number of entries. An entry is one
request in MessagePack. Everything is little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.msgpack import Ext

from collector.receivers.accepted import Accepted
from ledger.domain.calls import Call

FORMAT_VERSION = 1

_HEADER = struct.Struct("<7sBI")
_FRAME = struct.Struct("<II")
_MAGIC = b"tbspool"
_BIG_INTEGER = 1


class Contents(msgspec.Struct, frozen=True):
    """What could be read of a file."""

    entries: list[tuple[int, Accepted]]
    """Whole requests with their position in the file."""
    fault: str | None = None
    """What is wrong with the rest; None when all of it was read."""


def encode_entry(accepted: Accepted) -> bytes:
    """One request as it stands in a file, with its length and checksum."""
    try:
        payload = msgspec.msgpack.encode(accepted)
    except OverflowError:
        calls = [_with_any_integer(call) for call in accepted.calls]
        payload = msgspec.msgpack.encode(msgspec.structs.replace(accepted, calls=calls))
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def file_content(entries: Sequence[bytes]) -> bytes:
    """A whole file of encoded entries."""
    return b"".join((_HEADER.pack(_MAGIC, FORMAT_VERSION, len(entries)), *entries))


def read_content(content: bytes) -> Contents:
    """The requests of a file; a fault in one entry does not hide the others."""
    if len(content) < _HEADER.size:
        return Contents([], "the file is cut off")
    magic, version, count = _HEADER.unpack_from(content)
    if magic != _MAGIC:
        return Contents([], "this is no spool file")
    if version != FORMAT_VERSION:
        return Contents([], f"format version {version} is not known, only {FORMAT_VERSION}")
    return _read_entries(content, count)


def _read_entries(content: bytes, count: int) -> Contents:
    entries: list[tuple[int, Accepted]] = []
    faults: list[str] = []
    place = _HEADER.size
    for position in range(count):
        if place + _FRAME.size > len(content):
            faults.append("the file is cut off")
            break
        length, checksum = _FRAME.unpack_from(content, place)
        place += _FRAME.size + length
        if place > len(content):
            faults.append("the file is cut off")
            break
        payload = content[place - length : place]
        if zlib.crc32(payload) != checksum:
            faults.append(f"entry {position} does not match its checksum")
            continue
        try:
            entries.append((position, _DECODER.decode(payload)))
        except msgspec.MsgspecError as error:
            faults.append(f"entry {position} cannot be decoded: {error}")
    if not faults and place != len(content):
        faults.append("more follows after the last entry")
    return Contents(entries, faults[0] if faults else None)


def _with_any_integer(call: Call) -> Call:
    """The call with integers that MessagePack cannot hold wrapped; JSON knows no bounds."""
    return msgspec.structs.replace(
        call, tags=_wrapped(call.tags), raw_usage=_wrapped(call.raw_usage)
    )


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _wrapped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_wrapped(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return Ext(_BIG_INTEGER, hex(value).encode())
    return value


def _extended(code: int, data: memoryview) -> int:
    if code != _BIG_INTEGER:
        raise ValueError(f"extension {code} is not known")
    return int(bytes(data), 16)


_DECODER = msgspec.msgpack.Decoder(Accepted, ext_hook=_extended)
