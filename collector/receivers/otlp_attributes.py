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

from collector.receivers.otlp_wire import KeyValue
from collector.receivers.semconv import DIFFERENT_EACH_TIME, TAG_PREFIX, WANTED
from ledger.domain.errors import InvalidRecord

_KEY, _VALUE = 0x0A, 0x12
_STRING, _BOOL, _INT, _DOUBLE = 0x0A, 0x10, 0x18, 0x21
_SCALARS = frozenset(("string_value", "bool_value", "int_value", "double_value"))
_LONGEST_REMEMBERED_BYTES = 128
_MOST_REMEMBERED = 50_000

_NAMES: dict[bytes, str] = {name.encode(): name for name in WANTED}
_TAG_PREFIX = TAG_PREFIX.encode()
_UNWANTED = ("", None)

_remembered: dict[bytes, tuple[str, Any]] = {}


def read_attributes(entries: Iterable[bytes]) -> dict[str, Any]:
    """The wanted attributes: scalars as Python values, None for lists and maps.

    Tags come together under TAG_PREFIX. Raises InvalidRecord naming an attribute that is no
    KeyValue or whose text is no UTF-8.
    """
    found: dict[str, Any] = {}
    recall = _remembered.get
    for entry in entries:
        name, value = recall(entry) or _read(entry)
        if name:
            if name in WANTED:
                found[name] = value
            else:
                found.setdefault(TAG_PREFIX, {})[name.removeprefix(TAG_PREFIX)] = value
    return found


def _read(entry: bytes) -> tuple[str, Any]:
    size = len(entry)
    key_end = 2 + entry[1] if size > 2 else size
    if entry[:1] != b"\x0a" or key_end >= size or entry[1] > 127:
        return _read_anyhow(entry)
    key = entry[2:key_end]
    name = _NAMES.get(key)
    if name is None:
        if not key.startswith(_TAG_PREFIX):
            return _remember(entry, _UNWANTED)
        return _read_anyhow(entry)
    if entry[key_end] != _VALUE or key_end + 2 + entry[key_end + 1] != size:
        return _read_anyhow(entry)
    read = (name, _scalar(entry, key_end + 2, size, name))
    return read if name in DIFFERENT_EACH_TIME else _remember(entry, read)


def _remember(entry: bytes, read: tuple[str, Any]) -> tuple[str, Any]:
    if len(entry) <= _LONGEST_REMEMBERED_BYTES:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[entry] = read
    return read


def _scalar(entry: bytes, start: int, size: int, name: str) -> Any:
    """The AnyValue from `start` to the end; shorter than 128 bytes, so its own length is a byte."""
    if start + 1 >= size:
        return _read_anyhow(entry)[1]
    kind = entry[start]
    if kind == _STRING and start + 2 + entry[start + 1] == size:
        return _text(entry[start + 2 :], name)
    if kind == _INT and entry[size - 1] < 128:
        if size == start + 2:
            return entry[start + 1]
        if size == start + 3:
            return (entry[start + 1] & 127) | entry[start + 2] << 7
        if size == start + 4 and entry[start + 2] > 127:
            return (entry[start + 1] & 127) | (entry[start + 2] & 127) << 7 | entry[start + 3] << 14
    if kind == _DOUBLE and size == start + 9:
        return unpack_from("<d", entry, start + 1)[0]
    return _read_anyhow(entry)[1]


def _read_anyhow(entry: bytes) -> tuple[str, Any]:
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
    return name, _text(value, name) if isinstance(value, bytes) else value


def _text(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord(name, "is no UTF-8") from error
