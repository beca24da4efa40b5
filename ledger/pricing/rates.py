"""Rate cards: what each token type costs under one version of a model's price."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from uuid import UUID

import msgspec

YOCTO_PER_USD_PER_MILLION = 10**18
"""Unit prices are whole yocto-dollars (1e-24 USD) a token: $1 per million tokens is 1e18."""


class Tier(msgspec.Struct, frozen=True):
    """A unit price that holds for the whole call once its input passes `above_input_tokens`."""

    above_input_tokens: int
    yocto_usd_per_token: int


class Rate(msgspec.Struct, frozen=True):
    """The unit price of one token type: a base and tiers in ascending order."""

    yocto_usd_per_token: int
    tiers: tuple[Tier, ...] = ()

    def unit_price(self, total_input_tokens: int) -> int:
        """Yocto-dollars a token for a call with that many input tokens of all types."""
        price = self.yocto_usd_per_token
        for tier in self.tiers:
            if total_input_tokens > tier.above_input_tokens:
                price = tier.yocto_usd_per_token
        return price


class RateCard(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the price of one model in one context. Never changed, only succeeded."""

    catalog_provider: str
    catalog_model: str
    context: tuple[tuple[str, str], ...]
    """What the request chose that changes its price, such as (("service_tier", "priority"),)."""
    source: str
    """Where the figures come from, with its version."""
    valid_from: str | None
    """ISO date from which the source says the price holds; None when it does not say."""
    rates: tuple[tuple[str, Rate], ...]
    """(token field, rate), for the token types the source has a price for."""

    @property
    def version(self) -> UUID:
        """A name made of the content, the same in every process; a changed figure changes it."""
        content = msgspec.json.encode(
            (self.catalog_provider, self.catalog_model, self.context, self.valid_from, self.rates)
        )
        return UUID(bytes=blake2b(content, digest_size=16, person=b"tollbook.price").digest())


def yocto_per_token(usd_per_million: Decimal) -> int:
    """Turn a catalog's USD per million tokens into whole yocto-dollars a token.

    Raises ValueError when that is not exact, or when the price is negative.
    """
    scaled = usd_per_million * YOCTO_PER_USD_PER_MILLION
    if scaled != scaled.to_integral_value() or scaled < 0:
        raise ValueError(f"{usd_per_million} USD per million tokens cannot be kept exactly")
    return int(scaled)
