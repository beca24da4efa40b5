"""Values as OTLP's JSON writes them."""

from __future__ import annotations

from typing import Any

import msgspec


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
    """A 64-bit integer as OTLP's JSON writes it; None for text that is none."""
    if isinstance(value, int):
        return value
    digits = value.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        return None
    return int(value)


def _float(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
