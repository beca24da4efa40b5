"""Prices of one's own: contracts with providers, for everybody or for one tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from ledger.domain.calls import Call
from ledger.pricing.aliases import EVERY_TENANT
from ledger.pricing.catalog import STANDARD_TIERS, find_model, find_provider
from ledger.pricing.rates import USD, Rate

EVERY_MODEL = "*"
ANY_VALUE = "*"
STANDARD = "standard"
"""What the service tiers are called together that are charged at list price."""

TIER, REGION, OPERATION = CONTEXTS = ("service_tier", "region", "operation")
"""What a price can depend on, besides provider and model."""

_MOST_REMEMBERED = 50_000

Context = Mapping[str, str]


class ContractPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One price, for calls that start within its time. Never changed, only withdrawn."""

    price_id: UUID
    tenant: str
    """`*`: every tenant."""
    provider: str
    model: str
    """`*`: every model of the provider."""
    context: tuple[tuple[str, str], ...] = ()
    """What a call must match, in the order of the names; `*` is any value."""
    currency: str = USD
    rates: tuple[tuple[str, Rate], ...] = ()
    factor: Decimal | None = None
    """Instead of rates: the catalog's price times this."""
    valid_from: datetime
    valid_to: datetime | None = None
    """Exclusive; None: until further notice."""
    recorded_at: datetime

    def holds_at(self, at: datetime) -> bool:
        """Whether it is the price of calls that start then."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)

    def matches(self, context: Context) -> bool:
        """Whether it is the price of calls in this context."""
        return all(value in (ANY_VALUE, context[name]) for name, value in self.context)

    def says(self, name: str) -> bool:
        """Whether it depends on a part of the context."""
        return any(name == named for named, _ in self.context)


def standard_tier(service_tier: str | None) -> str:
    """The tier as prices name it."""
    tier = service_tier and service_tier.lower()
    return STANDARD if tier is None or tier in STANDARD_TIERS else tier


def context_of(call: Call) -> dict[str, str]:
    """What of a call a price can depend on."""
    return {
        TIER: standard_tier(call.service_tier),
        REGION: call.region.lower(),
        OPERATION: call.operation.lower(),
    }


class Contracts:
    """All prices of one's own, laid out so that a call without one costs one look-up."""

    def __init__(self, prices: Iterable[ContractPrice] = ()) -> None:
        self._prices: defaultdict[tuple[str, str, str], list[ContractPrice]] = defaultdict(list)
        for price in prices:
            key = (price.tenant, price.provider.lower(), price.model.lower())
            self._prices[key].append(price)
        self._remembered: dict[tuple[str, str, str], Sequence[ContractPrice]] = {}

    def __bool__(self) -> bool:
        return bool(self._prices)

    def concerning(self, tenant: str, provider: str, model: str) -> Sequence[ContractPrice]:
        """The prices that calls of a model can have; of several that match a call, the first is it.

        A tenant's own go before those of everybody, those of the model before those of all models,
        then those that say most of the context, then the latest.
        """
        key = (tenant, provider, model)
        found = self._remembered.get(key)
        if found is None:
            found = self._look_up(tenant, provider, model)
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def _look_up(self, tenant: str, provider: str, model: str) -> Sequence[ContractPrice]:
        providers = {provider.lower()}
        models = [model.lower(), EVERY_MODEL]
        listed = find_provider(provider)
        if listed is not None:
            providers.add(listed.id)
        entry = find_model(provider, model)
        if entry is not None and entry[1].id.lower() not in models:
            models.insert(1, entry[1].id.lower())
        found: list[ContractPrice] = []
        for owner in (tenant, EVERY_TENANT):
            for name in models:
                some = [
                    price for one in providers for price in self._prices.get((owner, one, name), ())
                ]
                found += sorted(some, key=_closest_last, reverse=True)
        return tuple(found)


def _closest_last(price: ContractPrice) -> tuple[int, int, datetime, datetime, bytes]:
    """A total order: in which one the prices were added, or read, cannot matter."""
    exact = sum(value != ANY_VALUE for _, value in price.context)
    return (exact, len(price.context), price.valid_from, price.recorded_at, price.price_id.bytes)
