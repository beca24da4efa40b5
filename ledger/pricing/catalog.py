"""The public price catalog (genai-prices) turned into rate cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version

from genai_prices.data_snapshot import (
    DataSnapshot,
    find_provider_by_id,
    get_snapshot,
    set_custom_snapshot,
)
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from ledger.pricing.own_models import is_own_model
from ledger.pricing.rates import (
    REQUEST,
    Rate,
    RateCard,
    Tier,
    yocto_per_request,
    yocto_per_token,
)

LIBRARY = f"genai-prices {version('genai-prices')}"
"""The library, and the catalog it brings along."""

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

MAKERS = frozenset(("anthropic", "cohere", "deepseek", "google", "mistral", "openai", "x-ai"))
"""Providers that make the models they serve: a name they alone have is theirs."""

STANDARD_TIERS = frozenset((None, "", "auto", "default", "standard"))
"""Names of the service tier that is charged at list price."""


_REQUESTS_A_PRICE = 1000
"""The catalog has prices per thousand requests."""


class UnknownPrice(Exception):
    """The catalog has no price for this model in this context; the text says why."""


class _InUse:
    """Which catalog this process prices by."""

    digest: bytes | None = None
    source = LIBRARY
    generation = 0
    """Grows with every change, so that what was remembered of another is not asked again."""


def use_catalog(providers: list[Provider] | None, digest: bytes | None, source: str) -> None:
    """Price by these providers from now on; None: by those the library brings along."""
    snapshot = None if providers is None else DataSnapshot(providers, from_auto_update=False)
    set_custom_snapshot(snapshot)
    _InUse.digest = digest
    _InUse.source = source
    _InUse.generation += 1


def catalog_digest() -> bytes | None:
    """Names the data of the catalog in use; None: what the library brings along."""
    return _InUse.digest


def catalog_generation() -> int:
    """Names the catalog in use, within this process."""
    return _InUse.generation


def infer_provider(model: str) -> str | None:
    """The provider whose models are named like this one, or None; never a guess among several."""
    return _inferred(model, _InUse.generation)


@lru_cache(maxsize=4096)
def _inferred(model: str, _generation: int) -> str | None:
    name = model.lower()
    for provider in get_snapshot().providers:
        if provider.model_match is not None and provider.model_match.is_match(name):
            return provider.id
    makers = [
        provider.id
        for provider in get_snapshot().providers
        if provider.id in MAKERS and provider.find_model(name) is not None
    ]
    return makers[0] if len(makers) == 1 else None


def find_provider(provider_name: str) -> Provider | None:
    """The catalog's entry for a provider, by any of its names."""
    name = provider_name.lower()
    return find_provider_by_id(get_snapshot().providers, PROVIDER_IDS.get(name, name))


def find_model(provider_name: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """The catalog's entry for a provider's model, or None; never a guess."""
    providers = get_snapshot().providers
    provider = find_provider(provider_name)
    if provider is None:
        return None
    info = None if is_own_model(model) else provider.find_model(model, all_providers=providers)
    if info is None or (
        info.id.startswith("ft:") and all(own is not info for own in provider.models)
    ):
        # What its maker charges for a fine-tune says nothing of another host's.
        return None
    return provider, info


def depends_on_time_of_day(info: ModelInfo) -> bool:
    """Whether the model has off-peak prices."""
    return any(isinstance(constraint, TimeOfDateConstraint) for constraint in _constraints(info))


def price_variant(info: ModelInfo, service_tier: str | None, at: datetime) -> PriceVariant | None:
    """The model's price variant for a service tier at a moment; None is list price.

    Raises UnknownPrice when the model has no price for that tier then: list price would be a guess.
    """
    service_tier = service_tier and service_tier.lower()
    if service_tier in STANDARD_TIERS:
        return None
    wanted = [{"processing": "batch"}]
    if service_tier != "batch":
        wanted = [{name: str(service_tier)} for name in ("service_tier", "speed")]
    for variant in info.price_variants or ():
        if variant.when in wanted and (variant.constraint is None or variant.constraint.active(at)):
            return variant
    raise UnknownPrice("service_tier_unknown")


def rate_card(
    provider: Provider, info: ModelInfo, service_tier: str | None, at: datetime
) -> RateCard:
    """The rates in force at a moment (aware). Raises UnknownPrice when there are none."""
    variant = price_variant(info, service_tier, at)
    if variant is not None and not any(model is info for model in provider.models):
        # A model of another maker's: the maker's tiers say nothing of who serves it here.
        raise UnknownPrice("service_tier_unknown")
    context = {} if variant is None else variant.when
    rates = tuple(sorted(rates_in(info.get_prices(at, context))))
    if all(name == REQUEST for name, _ in rates):
        raise UnknownPrice("model_without_token_prices")
    return RateCard(
        catalog_provider=provider.id,
        catalog_model=info.id,
        context=tuple(sorted(context.items())),
        source=_InUse.source,
        valid_from=_valid_from(info, variant, at),
        rates=rates,
    )


def prices_of(info: ModelInfo) -> Iterator[ModelPrice]:
    """Every set of prices that a model ever has, variants included."""
    if isinstance(info.prices, list):
        yield from (price.prices for price in info.prices)
    else:
        yield info.prices
    yield from (variant.prices for variant in info.price_variants or ())


def rates_in(prices: ModelPrice) -> Iterator[tuple[str, Rate]]:
    """The rates by token field. Raises ValueError for one that cannot be kept exactly."""
    for key, field in TOKEN_FIELD_BY_PRICE_KEY.items():
        price = getattr(prices, key)
        if isinstance(price, TieredPrices):
            tiers = tuple(Tier(tier.start, yocto_per_token(tier.price)) for tier in price.tiers)
            yield field, Rate(yocto_per_token(price.base), tiers)
        elif isinstance(price, Decimal):
            yield field, Rate(yocto_per_token(price))
    if isinstance(prices.requests_kcount, Decimal):
        yield REQUEST, Rate(yocto_per_request(prices.requests_kcount / _REQUESTS_A_PRICE))


def _valid_from(info: ModelInfo, variant: PriceVariant | None, at: datetime) -> str | None:
    """ISO date of the latest start among the prices that make up the card."""
    constraints = [*_constraints(info), *([variant.constraint] if variant else [])]
    starts = [
        constraint.start_date
        for constraint in constraints
        if isinstance(constraint, StartDateConstraint) and constraint.active(at)
    ]
    return max(starts).isoformat() if starts else None


def _constraints(info: ModelInfo) -> Iterator[StartDateConstraint | TimeOfDateConstraint]:
    if isinstance(info.prices, list):
        for price in info.prices:
            if isinstance(price, ConditionalPrice) and price.constraint is not None:
                yield price.constraint
