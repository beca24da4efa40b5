"""Rate cards: what each token type costs under one version of a model's price."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
from msgspec import field

YOCTO = 10**24
YOCTO_PER_UNIT_PER_MILLION = 10**18
"""Unit prices are whole yocto-units of a currency (1e-24): $1 per million tokens is 1e18."""

USD = "USD"
REQUEST = "request"
"""The name under which a card has its price per call, beside those per token."""


class Tier(msgspec.Struct, frozen=True):
    """A unit price that holds for the whole call once its input passes `above_input_tokens`."""

    above_input_tokens: int
    # The name in the content that versions are digests of; those that are recorded have to stay.
    yocto_per_unit: int = field(name="yocto_usd_per_token")


class Rate(msgspec.Struct, frozen=True):
    """The unit price of one token type: a base and tiers in ascending order.

    In 1e-24 of the card's currency for a token, or for a call where it is that of the request.
    """

    yocto_per_unit: int = field(name="yocto_usd_per_token")
    tiers: tuple[Tier, ...] = ()

    def tier(self, total_input_tokens: int) -> Tier | None:
        """The tier that a call with that many input tokens of all types is in; None: the base."""
        reached = None
        for tier in self.tiers:
            if total_input_tokens > tier.above_input_tokens:
                reached = tier
        return reached

    def unit_price(self, total_input_tokens: int) -> int:
        """Yocto-units for a call with that many input tokens of all types."""
        tier = self.tier(total_input_tokens)
        return self.yocto_per_unit if tier is None else tier.yocto_per_unit


class Exchange(msgspec.Struct, frozen=True):
    """What one unit of a currency was worth on a day."""

    usd_per_unit: Decimal
    valid_on: date


class RateCard(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the price of one model in one context. Never changed, only succeeded."""

    catalog_provider: str
    catalog_model: str
    context: tuple[tuple[str, str], ...]
    """What the request chose that changes its price, such as (("service_tier", "priority"),)."""
    source: str
    """Where the figures come from, with its version."""
    valid_from: str | None
    """ISO date or time from which the source says the price holds; None when it does not say."""
    rates: tuple[tuple[str, Rate], ...]
    """(token field or `request`, rate), for what the source has a price for."""
    currency: str = USD
    factor: Decimal = Decimal(1)
    """By which the rates are multiplied."""
    exchange: Exchange | None = None
    """What the currency was worth; None for US dollars."""
    price_id: UUID | None = None
    """The price of one's own that the card is made of; None: the catalog's."""
    tenant: str | None = None
    """Whose price it is; None: everybody may know it."""

    @property
    def version(self) -> UUID:
        """A name made of the content, the same in every process; a changed figure changes it."""
        content: tuple[Any, ...] = (
            self.catalog_provider,
            self.catalog_model,
            self.context,
            self.valid_from,
            self.rates,
        )
        if self.price_id is not None:
            # The catalog's cards keep the names they had before there were other prices.
            content += (self.price_id, self.currency, _plain(self.factor), _told(self.exchange))
        encoded = msgspec.json.encode(content)
        return UUID(bytes=blake2b(encoded, digest_size=16, person=b"tollbook.price").digest())

    @property
    def multiplier(self) -> tuple[int, int]:
        """Factor and exchange rate together, as an exact fraction."""
        if self.exchange is None:
            return self.factor.as_integer_ratio()
        numerator, denominator = self.factor.as_integer_ratio()
        times, by = self.exchange.usd_per_unit.as_integer_ratio()
        return numerator * times, denominator * by


def yocto_per_token(per_million: Decimal) -> int:
    """Turn a price per million tokens into whole yocto-units a token.

    Raises ValueError when that is not exact, or when the price is negative.
    """
    return _whole(per_million, YOCTO_PER_UNIT_PER_MILLION, "per million tokens")


def yocto_per_request(each: Decimal) -> int:
    """Turn a price per call into whole yocto-units. Raises ValueError like `yocto_per_token`."""
    return _whole(each, YOCTO, "per request")


def _whole(price: Decimal, scale: int, per: str) -> int:
    numerator, denominator = price.as_integer_ratio()
    scaled, remainder = divmod(numerator * scale, denominator)
    if remainder or scaled < 0:
        raise ValueError(f"{price} {per} cannot be kept exactly")
    return scaled


def _told(exchange: Exchange | None) -> tuple[str, date] | None:
    return None if exchange is None else (_plain(exchange.usd_per_unit), exchange.valid_on)


def _plain(value: Decimal) -> str:
    """The same text for the same number, however it was written."""
    return format(value.normalize(), "f")
