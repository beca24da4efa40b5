"""Which rates a call is charged by: a price of one's own, or the catalog's."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ledger.pricing.catalog import UnknownPrice, find_model, rate_card
from ledger.pricing.contracts import STANDARD, TIER, ContractPrice, standard_tier
from ledger.pricing.exchange import ExchangeRates
from ledger.pricing.rates import USD, RateCard

MODEL_UNKNOWN = "model_unknown"
TIER_UNKNOWN = "service_tier_unknown"
NO_EXCHANGE_RATE = "no_exchange_rate_for_"


def listed_card(provider: str, model: str, service_tier: str | None, at: datetime) -> RateCard:
    """The catalog's rates for a model. Raises UnknownPrice with the reason."""
    found = find_model(provider, model)
    if found is None:
        raise UnknownPrice(MODEL_UNKNOWN)
    return rate_card(*found, service_tier, at)


def agreed_card(
    price: ContractPrice,
    provider: str,
    model: str,
    service_tier: str | None,
    at: datetime,
    exchange_rates: ExchangeRates,
) -> RateCard:
    """The rates of a price of one's own for a call at a moment (UTC).

    Raises UnknownPrice with the reason: what a price does not know is never guessed from another.
    """
    if price.factor is not None:
        return _multiplied(price, provider, model, service_tier, at)
    if standard_tier(service_tier) != STANDARD and not price.says(TIER):
        raise UnknownPrice(TIER_UNKNOWN)
    exchange = None
    if price.currency != USD:
        exchange = exchange_rates.on(price.currency, at.date())
        if exchange is None:
            raise UnknownPrice(f"{NO_EXCHANGE_RATE}{price.currency}")
    return RateCard(
        catalog_provider=price.provider,
        catalog_model=price.model,
        context=price.context,
        source=f"price {price.price_id}",
        valid_from=price.valid_from.isoformat(),
        rates=price.rates,
        currency=price.currency,
        exchange=exchange,
        price_id=price.price_id,
        tenant=price.tenant,
    )


def _multiplied(
    price: ContractPrice, provider: str, model: str, service_tier: str | None, at: datetime
) -> RateCard:
    """The catalog's rates times the factor; one that names the tier multiplies the list price."""
    assert price.factor is not None
    card = listed_card(provider, model, None if price.says(TIER) else service_tier, at)
    return msgspec.structs.replace(
        card,
        context=tuple(sorted({**dict(card.context), **dict(price.context)}.items())),
        source=f"price {price.price_id}, a factor of {card.source}",
        valid_from=price.valid_from.isoformat(),
        factor=price.factor,
        price_id=price.price_id,
        tenant=price.tenant,
    )
