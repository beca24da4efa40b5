"""The price catalog in the form in which it is published, whole or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

import msgspec
from genai_prices.data import providers
from genai_prices.types import ClauseAnd, ClauseOr, ModelPrice

_encode = msgspec.json.Encoder(decimal_format="number").encode


def published() -> list[dict[str, Any]]:
    """All providers of the library."""
    return [_plain(provider) for provider in providers]


def some_providers(*names: str) -> list[dict[str, Any]]:
    """Only these providers."""
    return [_plain(provider) for provider in providers if provider.id in names]


def with_input_price(
    listed: Sequence[dict[str, Any]], provider: str, model: str, per_million: str
) -> list[dict[str, Any]]:
    """The same, but for what a million input tokens of one model cost."""
    for one in listed:
        for info in one["models"] if one["id"] == provider else ():
            if info["id"] == model:
                info["prices"]["input_mtok"] = Decimal(per_million)
    return list(listed)


def as_served(listed: object) -> bytes:
    """The bytes that are fetched."""
    return _encode(listed)


def _plain(value: Any) -> Any:
    if isinstance(value, ModelPrice):
        return {name: _plain(price) for name, price in vars(value).items() if price is not None}
    if isinstance(value, ClauseOr):
        return {"or": _plain(value.or_)}
    if isinstance(value, ClauseAnd):
        return {"and": _plain(value.and_)}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name != "extractors" and getattr(value, field.name) is not None
        }
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value
