"""Values as OTLP's JSON writes them."""

from __future__ import annotations

from typing import Any

import msgspec

from ledger.domain.errors import InvalidRecord

_MOST_DIGITS = 20
_MOST_SHOWN = 40
_TOO_LARGE = 2**64


class Value(msgspec.Struct, rename="camel"):
    """A scalar; lists and maps are skipped."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None

    def plain(self) -> Any:
        """The scalar; None for lists and maps, which no wanted attribute is."""
        if self.int_value is not None:
            return integer(self.int_value)
        if self.double_value is not None:
            return _float(self.double_value)
        return self.string_value if self.bool_value is None else self.bool_value


def integer(value: int | str) -> int | None:
    """A 64-bit integer as OTLP's JSON writes it; None for what is none."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
            return None
        value = int(value)
    return value if abs(value) < _TOO_LARGE else None


def unix_nanos(value: int | str, name: str) -> int:
    """A time as OTLP's JSON writes it; 0 where there is none.

    Raises InvalidRecord for `name` when it is no 64-bit integer.
    """
    nanos = integer(value)
    if nanos is None:
        raise InvalidRecord(name, f"{str(value)[:_MOST_SHOWN]!r} is no 64-bit integer")
    return nanos


def _float(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
