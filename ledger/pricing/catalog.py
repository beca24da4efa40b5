"""The public price catalog (genai-prices) turned into rate cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from ledger.pricing.rates import Rate, RateCard, Tier, yocto_per_token

SOURCE = f"genai-prices {version('genai-prices')}"

PROVIDER_IDS: dict[str, str] = {
    "aws.bedrock": "aws",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_openai": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
"""OpenTelemetry's (and common) provider names whose catalog id differs from them."""

TOKEN_FIELD_BY_PRICE_KEY: dict[str, str] = {
    "input_mtok": "input_tokens",
    "cache_read_mtok": "cache_read_tokens",
    "cache_write_mtok": "cache_write_5m_tokens",
    "cache_write_1h_mtok": "cache_write_1h_tokens",
    "output_mtok": "output_tokens",
    "output_reasoning_mtok": "reasoning_tokens",
    "input_audio_mtok": "input_audio_tokens",
    "output_audio_mtok": "output_audio_tokens",
    "input_image_mtok": "input_image_tokens",
    "output_image_mtok": "output_image_tokens",
}

STANDARD_TIERS = frozenset((None, "", "auto", "default", "standard"))
"""Names of the service tier that is charged at list price."""


class UnknownPrice(Exception):
    """The catalog has no price for this model in this context; the text says why."""


@lru_cache(maxsize=4096)
def infer_provider(model: str) -> str | None:
    """The provider whose models are named like this one, or None."""
    for provider in get_snapshot().providers:
        if provider.model_match is not None and provider.model_match.is_match(model.lower()):
            return provider.id
    return None


def find_model(provider_name: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """The catalog's entry for a provider's model, or None; never a guess."""
    name = provider_name.lower()
    providers = get_snapshot().providers
    provider = find_provider_by_id(providers, PROVIDER_IDS.get(name, name))
    if provider is None:
        return None
    info = provider.find_model(model, all_providers=providers)
    return None if info is None else (provider, info)


def depends_on_time_of_day(info: ModelInfo) -> bool:
    """Whether the model has off-peak prices."""
    return any(isinstance(constraint, TimeOfDateConstraint) for constraint in _constraints(info))


def price_context(info: ModelInfo, service_tier: str | None) -> dict[str, str]:
    """The catalog's context for a service tier.

    Raises UnknownPrice when the model has no price for that tier: list price would be a guess.
    """
    if service_tier in STANDARD_TIERS:
        return {}
    wanted = {"processing": "batch"} if service_tier == "batch" else {"service_tier": service_tier}
    for variant in info.price_variants or ():
        if variant.when == wanted:
            return dict(variant.when)
    raise UnknownPrice("service_tier_unknown")


def rate_card(
    provider: Provider, info: ModelInfo, service_tier: str | None, at: datetime
) -> RateCard:
    """The rates in force at a moment (aware). Raises UnknownPrice when there are none."""
    context = price_context(info, service_tier)
    prices = info.get_prices(at, context)
    rates = tuple(sorted(_rates(prices)))
    if not rates:
        raise UnknownPrice("model_without_token_prices")
    return RateCard(
        catalog_provider=provider.id,
        catalog_model=info.id,
        context=tuple(sorted(context.items())),
        source=SOURCE,
        valid_from=_valid_from(info, at),
        rates=rates,
    )


def _rates(prices: ModelPrice) -> Iterator[tuple[str, Rate]]:
    for key, field in TOKEN_FIELD_BY_PRICE_KEY.items():
        price = getattr(prices, key)
        if isinstance(price, TieredPrices):
            tiers = tuple(Tier(tier.start, yocto_per_token(tier.price)) for tier in price.tiers)
            yield field, Rate(yocto_per_token(price.base), tiers)
        elif isinstance(price, Decimal):
            yield field, Rate(yocto_per_token(price))


def _valid_from(info: ModelInfo, at: datetime) -> str | None:
    starts = [
        constraint.start_date
        for constraint in _constraints(info)
        if isinstance(constraint, StartDateConstraint) and constraint.active(at)
    ]
    return max(starts).isoformat() if starts else None


def _constraints(info: ModelInfo) -> Iterator[StartDateConstraint | TimeOfDateConstraint]:
    if isinstance(info.prices, list):
        for price in info.prices:
            if isinstance(price, ConditionalPrice) and price.constraint is not None:
                yield price.constraint
