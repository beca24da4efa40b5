"""Reading OTLP attributes from the bytes they came in.

An attribute is a KeyValue message. Nearly all of them have one layout (key, then a scalar, each
shorter than 128 bytes), which is read here; whatever looks different is left to protobuf. What
says the same from span to span (the provider, the model) is read once and remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import unpack_from
from typing import Any

from google.protobuf.message import DecodeError

from collector.receivers.otlp.traces_wire import KeyValue
from collector.receivers.semconv import (
    CONTENT,
    DIFFERENT_EACH_TIME,
    LONGEST_CONTENT_CHARACTERS,
    TAG_PREFIX,
    VARYING,
    WANTED,
)
from ledger.domain.errors import InvalidRecord

_KEY, _VALUE = 0x0A, 0x12
_STRING, _INT, _DOUBLE = 0x0A, 0x18, 0x21
_SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))
_LONGEST_REMEMBERED_BYTES = 128
_MOST_REMEMBERED = 50_000

_NAMES: dict[bytes, str] = {name.encode(): name for name in WANTED}
_TAG_PREFIX = TAG_PREFIX.encode()


class Attribute:
    """An attribute that was read. Those that are remembered are the same object each time."""

    __slots__ = ("name", "value", "varies")

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value
        self.varies = name in VARYING
        """Whether spans that are alike otherwise differ in it."""


_UNWANTED = Attribute("", None)

_remembered: dict[bytes, Attribute] = {}
_unwanted: set[bytes] = set()


def read_attributes(entries: Iterable[bytes]) -> dict[str, Any]:
    """The wanted attributes: scalars as Python values, None for lists and maps.

    Tags come together under TAG_PREFIX. Raises InvalidRecord naming an attribute that is no
    KeyValue or whose text is no UTF-8.
    """
    varying, constant = split_attributes(entries)
    return {**as_dict(constant), **varying}


def split_attributes(entries: Iterable[bytes]) -> tuple[dict[str, Any], tuple[Attribute, ...]]:
    """The wanted attributes that vary from call to call, and those that mostly do not."""
    varying: dict[str, Any] = {}
    constant: list[Attribute] = []
    recall = _remembered.get
    for entry in entries:
        if entry in _unwanted:
            continue
        known = recall(entry) or _read(entry)
        if known.varies:
            varying[known.name] = known.value
        elif known is not _UNWANTED:
            constant.append(known)
    return varying, tuple(constant)


def as_dict(attributes: Iterable[Attribute]) -> dict[str, Any]:
    """Attributes by name, tags together under TAG_PREFIX."""
    found: dict[str, Any] = {}
    for one in attributes:
        if one.name in WANTED:
            found[one.name] = one.value
        else:
            found.setdefault(TAG_PREFIX, {})[one.name.removeprefix(TAG_PREFIX)] = one.value
    return found


def _read(entry: bytes) -> Attribute:
    try:
        key_end = 2 + entry[1]
        name = _NAMES.get(entry[2:key_end])
        if name is None or not _has_usual_layout(entry, key_end):
            return _read_unusual(entry, entry[2:key_end])
        start = key_end + 4
        if entry[key_end + 2] == _STRING and entry[key_end + 3] + start == len(entry):
            read = Attribute(name, entry[start:].decode())
        else:
            read = Attribute(name, _scalar(entry, key_end + 2))
    except IndexError:
        return _read_anyhow(entry)
    except UnicodeDecodeError as error:
        if name in CONTENT:
            return _read_anyhow(entry)
        raise InvalidRecord(name or "attributes", "is no UTF-8") from error
    return read if name in DIFFERENT_EACH_TIME else _remember(entry, read)


def _has_usual_layout(entry: bytes, key_end: int) -> bool:
    """Key and value of less than 128 bytes each, in this order, and nothing else."""
    return (
        entry[0] == _KEY
        and key_end < 130
        and entry[key_end] == _VALUE
        and entry[key_end + 1] < 128
        and entry[key_end + 1] + key_end + 2 == len(entry)
    )


def _read_unusual(entry: bytes, key: bytes) -> Attribute:
    if (
        entry[0] == _KEY
        and entry[1] < 128
        and key not in _NAMES
        and not key.startswith(_TAG_PREFIX)
    ):
        return _forget_about(entry)
    return _read_anyhow(entry)


def _remember(entry: bytes, read: Attribute) -> Attribute:
    if len(entry) <= _LONGEST_REMEMBERED_BYTES:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[entry] = read
    return read


def _forget_about(entry: bytes) -> Attribute:
    """Remember that an attribute is not wanted."""
    if len(entry) <= _LONGEST_REMEMBERED_BYTES:
        if len(_unwanted) >= _MOST_REMEMBERED:
            _unwanted.clear()
        _unwanted.add(entry)
    return _UNWANTED


def _scalar(entry: bytes, start: int) -> Any:
    """The AnyValue from `start` to the end where it is a short number; any other by protobuf."""
    kind, size = entry[start], len(entry) - start
    if kind == _INT and entry[-1] < 128:
        if size == 2:
            return entry[start + 1]
        if size == 3 and entry[start + 1] > 127:
            return (entry[start + 1] & 127) | entry[start + 2] << 7
        if size == 4 and entry[start + 1] > 127 and entry[start + 2] > 127:
            return (entry[start + 1] & 127) | (entry[start + 2] & 127) << 7 | entry[start + 3] << 14
    if kind == _DOUBLE and size == 9:
        return unpack_from("<d", entry, start + 1)[0]
    return _read_anyhow(entry).value


def _read_anyhow(entry: bytes) -> Attribute:
    """Any KeyValue, by protobuf."""
    try:
        read = KeyValue.FromString(entry)
    except DecodeError as error:
        raise InvalidRecord("attributes", "holds what is no attribute in protobuf") from error
    if read.key not in _NAMES and not read.key.startswith(_TAG_PREFIX):
        return _UNWANTED
    name = _text(read.key, "attributes")
    kind = read.value.WhichOneof("value")
    value = getattr(read.value, kind) if kind in _SCALARS else None
    if name in CONTENT and isinstance(value, bytes):
        return Attribute(name, value[:LONGEST_CONTENT_CHARACTERS].decode(errors="ignore"))
    return Attribute(name, _text(value, name) if isinstance(value, bytes) else value)


def _text(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord(name, "is no UTF-8") from error
