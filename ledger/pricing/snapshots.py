"""The published data of the catalog: read, and looked over before anything is priced by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ModelInfo,
    Provider,
    # The library's own reader of what it publishes, which it offers only with its own download.
    _providers_from_raw,  # noqa: PLC2701
)
from pydantic import ValidationError

from ledger.pricing.catalog import prices_of, rates_in

_LEAST_SHARE = 2
"""A catalog with less than a half of the models is taken for a damaged one."""


class UnbelievableCatalog(Exception):
    """Data that nothing should be priced by; the text says why."""


def providers_of(content: bytes) -> list[Provider]:
    """The providers in published data. Raises UnbelievableCatalog."""
    try:
        listed = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UnbelievableCatalog(f"is no JSON: {error}") from error
    if not isinstance(listed, list):
        raise UnbelievableCatalog("is no list of providers")
    providers: list[Provider] = []
    for place, one in enumerate(listed):
        # One after the other: the library holds all other threads up while it reads.
        try:
            providers += _providers_from_raw([one])
        except (ValidationError, ValueError, TypeError, AttributeError) as error:
            first = str(error).partition("\n")[0]
            raise UnbelievableCatalog(f"provider {place} cannot be read: {first}") from error
    return providers


def refuse_unbelievable(providers: Sequence[Provider], models_before: int) -> None:
    """Raise UnbelievableCatalog for prices that cannot be, and when most models are gone."""
    models = number_of_models(providers)
    if models * _LEAST_SHARE < models_before:
        raise UnbelievableCatalog(f"has {models} models, and there were {models_before}")
    if len({provider.id for provider in providers}) < len(providers):
        raise UnbelievableCatalog("names a provider twice")
    for provider in providers:
        for model in provider.models:
            _check_prices(provider, model)


def number_of_models(providers: Sequence[Provider] | None = None) -> int:
    """How many models there are; of the catalog in use when none is given."""
    listed = get_snapshot().providers if providers is None else providers
    return sum(len(provider.models) for provider in listed)


def _check_prices(provider: Provider, model: ModelInfo) -> None:
    try:
        for prices in prices_of(model):
            for _ in rates_in(prices):
                pass
    except (ValueError, ArithmeticError, TypeError) as error:
        raise UnbelievableCatalog(f"{provider.id} {model.id}: {error}") from error
