"""How people write prices, and what they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from unicodedata import category

import msgspec

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import TOKEN_FIELDS
from ledger.pricing.contracts import ANY_VALUE, CONTEXTS, EVERY_MODEL, TIER, standard_tier
from ledger.pricing.rates import REQUEST, USD, Rate, Tier, yocto_per_request, yocto_per_token

LONGEST_TEXT = 256
MOST_TIERS = 20
_MOST_PER_MILLION = Decimal(10**9)
_MOST_FACTOR = Decimal(1000)
_MOST_DECIMALS = 12
_CURRENCY = re.compile("[A-Z]{3}")

_FIELDS = {name.removesuffix("_tokens"): name for name in TOKEN_FIELDS}


class TierForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A price per million tokens for calls with more input than this."""

    above_input_tokens: int
    per_million: Decimal


class RateForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a million tokens of a type cost, or each request."""

    per_million: Decimal | None = None
    tiers: tuple[TierForm, ...] = ()
    each: Decimal | None = None


class PriceForm(msgspec.Struct, frozen=True, kw_only=True):
    """A price as people write it: rates by token type, or a factor of the catalog's."""

    tenant: str
    provider: str
    model: str
    context: dict[str, str] = {}
    currency: str = USD
    rates: dict[str, RateForm] | None = None
    factor: Decimal | None = None
    valid_from: datetime
    valid_to: datetime | None = None
    note: str | None = None


def checked(form: PriceForm) -> PriceForm:
    """The price as it is kept: names in one spelling. Raises InvalidRecord naming what is wrong."""
    for name in ("tenant", "provider", "model"):
        check_text(name, getattr(form, name))
    if form.provider == ANY_VALUE:
        raise InvalidRecord("provider", "a price is one provider's")
    if form.note is not None:
        check_text("note", form.note)
    check_currency(form.currency)
    _check_figures(form)
    if form.valid_to is not None and form.valid_to <= form.valid_from:
        raise InvalidRecord("valid_to", "is not after valid_from")
    rates = form.rates and {_name(name): rate for name, rate in form.rates.items()}
    rates_of(rates or {})
    return msgspec.structs.replace(form, context=_checked_context(form.context), rates=rates)


def _check_figures(form: PriceForm) -> None:
    if (form.rates is None) == (form.factor is None):
        raise InvalidRecord("rates", "a price has rates or a factor, one of both")
    if form.rates is not None and not form.rates:
        raise InvalidRecord("rates", "name no token type and no request")
    if form.factor is not None:
        _check_factor(form.factor, form.currency)
    elif form.model == EVERY_MODEL:
        raise InvalidRecord("model", "one price of all models is a factor of the catalog's")


def rates_of(forms: Mapping[str, RateForm]) -> tuple[tuple[str, Rate], ...]:
    """The rates by token field. Raises InvalidRecord for a figure that cannot be."""
    return tuple(sorted((_FIELDS.get(name, name), _rate(name, r)) for name, r in forms.items()))


def shown_type(name: str) -> str:
    """A token field as people, metrics and prices name it: without `_tokens`."""
    return name.removesuffix("_tokens")


def check_currency(currency: str) -> None:
    """Raise InvalidRecord for what is no ISO 4217 code."""
    if not _CURRENCY.fullmatch(currency):
        raise InvalidRecord("currency", f"{currency!r} is no code of three letters, such as EUR")


def check_text(name: str, value: str) -> None:
    """Raise InvalidRecord for a text that is empty, too long or unprintable."""
    if not value or value != value.strip():
        raise InvalidRecord(name, "is empty, or begins or ends with a space")
    if len(value) > LONGEST_TEXT:
        raise InvalidRecord(name, f"longer than {LONGEST_TEXT} characters")
    if any(category(character) in ("Cc", "Cs") for character in value):
        raise InvalidRecord(name, "holds control characters")


def check_figure(path: str, value: Decimal, most: Decimal, decimals: int = _MOST_DECIMALS) -> None:
    """Raise InvalidRecord for an amount that is negative, absurd or too fine."""
    if not value.is_finite() or value < 0:
        raise InvalidRecord(path, f"{value} is negative or no number")
    if value > most:
        raise InvalidRecord(path, f"{value} is more than {most}")
    exponent: Any = value.normalize().as_tuple().exponent
    if len(value.as_tuple().digits) > 2 * decimals or -exponent > decimals:
        raise InvalidRecord(path, f"{value} has more than {decimals} decimals")


def _check_factor(factor: Decimal, currency: str) -> None:
    check_figure("factor", factor, _MOST_FACTOR)
    if currency != USD:
        raise InvalidRecord("currency", "the catalog's prices are in USD, and so is a factor's")


def _checked_context(context: dict[str, str]) -> dict[str, str]:
    checked_values = {}
    for name, value in sorted(context.items()):
        path = f"context.{name}"
        if name not in CONTEXTS:
            raise InvalidRecord(path, f"a price can depend on {', '.join(CONTEXTS)}")
        check_text(path, value)
        if value != ANY_VALUE:
            value = standard_tier(value) if name == TIER else value.lower()
        checked_values[name] = value
    return checked_values


def _name(name: str) -> str:
    short = shown_type(name)
    if short != REQUEST and short not in _FIELDS:
        known = ", ".join((*_FIELDS, REQUEST))
        raise InvalidRecord(f"rates.{name}", f"is no token type; known are {known}")
    return short


def _rate(name: str, form: RateForm) -> Rate:
    path = f"rates.{name}"
    if name == REQUEST:
        if form.each is None or form.per_million is not None or form.tiers:
            raise InvalidRecord(path, 'is a price per call: {"each": "0.01"}')
        check_figure(f"{path}.each", form.each, _MOST_PER_MILLION)
        return Rate(yocto_per_request(form.each))
    if form.per_million is None or form.each is not None:
        raise InvalidRecord(path, 'is a price per million tokens: {"per_million": "2.50"}')
    check_figure(f"{path}.per_million", form.per_million, _MOST_PER_MILLION)
    return Rate(yocto_per_token(form.per_million), _tiers(path, form.tiers))


def _tiers(path: str, forms: tuple[TierForm, ...]) -> tuple[Tier, ...]:
    if len(forms) > MOST_TIERS:
        raise InvalidRecord(f"{path}.tiers", f"more than {MOST_TIERS}")
    for tier in forms:
        check_figure(f"{path}.tiers.per_million", tier.per_million, _MOST_PER_MILLION)
    starts = [tier.above_input_tokens for tier in forms]
    if any(start <= 0 for start in starts) or len(set(starts)) < len(starts):
        raise InvalidRecord(f"{path}.tiers", "each begins above another positive number of tokens")
    return tuple(
        Tier(tier.above_input_tokens, yocto_per_token(tier.per_million))
        for tier in sorted(forms, key=lambda tier: tier.above_input_tokens)
    )
