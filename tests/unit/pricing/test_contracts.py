"""Which price of one's own a call has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger.domain.calls import Cost
from ledger.domain.money import usd_text
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import ContractPrice, Contracts
from tests.factories.calls import START, a_call
from tests.factories.prices import a_price, rates

MICROSECOND = timedelta(microseconds=1)


def price(prices: list[ContractPrice], **changes: Any) -> Cost:
    return PriceBook(Contracts(prices)).price(a_call(**changes))


def cost_usd(prices: list[ContractPrice], **changes: Any) -> str:
    cost = price(prices, **changes)
    assert cost.status == "priced", cost.reason
    assert cost.pico_usd is not None
    return usd_text(cost.pico_usd)


def test_a_tenants_price_goes_before_the_catalogs() -> None:
    """1,000 x $1/M + 100 x $2/M."""
    assert cost_usd([a_price()]) == "0.0012"


def test_another_tenant_pays_the_catalogs_price() -> None:
    assert cost_usd([a_price()], tenant="globex") == "0.00021"


def test_a_price_for_everybody_goes_before_the_catalogs_and_behind_a_tenants() -> None:
    prices = [a_price(1, tenant="*", rates=rates(input="3", output="0")), a_price(2)]
    assert cost_usd(prices, tenant="globex") == "0.003"
    assert cost_usd(prices) == "0.0012"


def test_a_factor_for_all_models_of_a_provider_multiplies_the_catalog() -> None:
    """0.8 x $0.00021."""
    assert cost_usd([a_price(model="*", factor=Decimal("0.8"))]) == "0.000168"


def test_a_price_of_the_model_goes_before_one_of_all_models() -> None:
    prices = [a_price(1, model="*", factor=Decimal("0.8")), a_price(2)]
    assert cost_usd(prices) == "0.0012"
    assert cost_usd(prices, model="gpt-4o") == "0.0028"


def test_a_factor_multiplies_the_catalogs_price_of_the_tier() -> None:
    """0.8 x half of $0.00021."""
    assert cost_usd([a_price(factor=Decimal("0.8"))], service_tier="batch") == "0.000084"


def test_a_factor_that_names_the_tier_multiplies_the_list_price() -> None:
    """The catalog does not say what batch costs on Azure: half of the list price here."""
    half = a_price(
        provider="azure.ai.openai", factor=Decimal("0.5"), context={"service_tier": "batch"}
    )
    azure = {"provider": "azure.ai.openai", "service_tier": "batch"}
    assert cost_usd([half], **azure) == "0.000105"
    assert price([], **azure) == Cost("unpriced", None, "service_tier_unknown")


def test_a_region_has_its_uplift_and_others_do_not() -> None:
    uplift = a_price(model="*", factor=Decimal("1.1"), context={"region": "eu-west-1"})
    assert cost_usd([uplift], region="eu-west-1") == "0.000231"
    assert cost_usd([uplift], region="EU-West-1") == "0.000231"
    assert cost_usd([uplift], region="us-east-1") == "0.00021"


def test_the_price_that_matches_most_of_the_context_is_it() -> None:
    prices = [
        a_price(1),
        a_price(2, context={"region": "eu"}, rates=rates(input="3", output="0")),
        a_price(
            3,
            context={"region": "eu", "operation": "chat"},
            rates=rates(input="5", output="0"),
        ),
    ]
    assert cost_usd(prices, region="eu") == "0.005"
    assert cost_usd(prices, region="eu", operation="embeddings") == "0.003"
    assert cost_usd(prices) == "0.0012"


def test_a_tier_that_the_contract_does_not_know_is_unpriced_and_never_list_price() -> None:
    everybody = a_price(2, tenant="*", context={"service_tier": "batch"})
    unknown = Cost("unpriced", None, "service_tier_unknown")
    assert price([a_price(1), everybody], service_tier="batch") == unknown
    assert price([a_price()], service_tier="priority") == unknown


def test_a_contract_may_hold_whatever_the_tier() -> None:
    prices = [a_price(1, context={"service_tier": "*"})]
    assert cost_usd(prices, service_tier="batch") == "0.0012"
    assert cost_usd(prices) == "0.0012"
    prices.append(a_price(2, context={"service_tier": "batch"}, rates=rates(input="1", output="0")))
    assert cost_usd(prices, service_tier="batch") == "0.001"


def test_a_price_of_the_standard_tier_holds_under_all_of_its_names() -> None:
    prices = [a_price(context={"service_tier": "standard"})]
    assert {cost_usd(prices, service_tier=tier) for tier in (None, "auto", "default")} == {"0.0012"}


def test_dated_names_of_a_model_have_its_price() -> None:
    assert cost_usd([a_price()], model="gpt-4o-mini-2024-07-18") == "0.0012"


def test_a_price_of_the_exact_name_goes_before_that_of_the_model() -> None:
    dated = a_price(2, model="gpt-4o-mini-2024-07-18", rates=rates(input="7", output="0"))
    assert cost_usd([a_price(1), dated], model="gpt-4o-mini-2024-07-18") == "0.007"
    assert cost_usd([a_price(1), dated]) == "0.0012"


@pytest.mark.parametrize("provider", ["azure", "azure.ai.openai", "azure_openai"])
def test_a_price_of_the_catalogs_provider_holds_under_its_other_names(provider: str) -> None:
    assert cost_usd([a_price(provider="azure")], provider=provider) == "0.0012"


def test_a_model_that_no_catalog_knows_has_a_price_of_its_own() -> None:
    house = a_price(provider="house", model="llama-at-home")
    assert cost_usd([house], provider="house", model="llama-at-home") == "0.0012"
    assert cost_usd([house], provider="house", model="x", request_model="llama-at-home") == "0.0012"


def test_a_factor_of_a_model_that_no_catalog_knows_is_no_price() -> None:
    factor = a_price(provider="house", model="llama-at-home", factor=Decimal("0.5"))
    cost = price([factor], provider="house", model="llama-at-home")
    assert cost == Cost("unpriced", None, "model_unknown")


def test_a_price_holds_from_its_first_microsecond_to_the_one_before_its_end() -> None:
    prices = [
        a_price(1, valid_from=START, valid_to=START + timedelta(hours=1)),
        a_price(2, valid_from=START + timedelta(hours=1), rates=rates(input="3", output="0")),
    ]
    at = {
        START - MICROSECOND: "0.00021",
        START: "0.0012",
        START + timedelta(hours=1) - MICROSECOND: "0.0012",
        START + timedelta(hours=1): "0.003",
    }
    book = PriceBook(Contracts(prices))
    for moment, usd in (*at.items(), *reversed(at.items())):
        cost = book.price(a_call(started_at=moment))
        assert cost.pico_usd is not None
        assert usd_text(cost.pico_usd) == usd


def test_of_two_prices_the_one_that_begins_later_holds() -> None:
    prices = [a_price(1), a_price(2, valid_from=START, rates=rates(input="3", output="0"))]
    assert cost_usd(prices) == cost_usd(prices[::-1]) == "0.003"
    assert cost_usd(prices, started_at=START - MICROSECOND) == "0.0012"


def test_of_two_prices_from_the_same_moment_the_one_recorded_later_holds() -> None:
    later = datetime(2026, 1, 1, tzinfo=UTC)
    prices = [a_price(2), a_price(1, recorded_at=later, rates=rates(input="3", output="0"))]
    assert cost_usd(prices) == cost_usd(prices[::-1]) == "0.003"


def test_a_factor_follows_the_catalogs_time_of_day() -> None:
    prices = [a_price(provider="deepseek", model="*", factor=Decimal("0.5"))]
    book = PriceBook(Contracts(prices))
    amounts = [
        book.price(
            a_call(
                provider="deepseek",
                model="deepseek-chat",
                started_at=datetime(2025, 6, 1, hour, tzinfo=UTC),
            )
        ).pico_usd
        for hour in (12, 20, 12)
    ]
    assert amounts == [190_000_000, 95_000_000, 190_000_000]


def test_a_fee_per_request_is_added_to_the_tokens() -> None:
    assert cost_usd([a_price(rates=rates(input="1", output="2", request="0.01"))]) == "0.0112"


def test_a_price_of_the_request_alone_is_all_that_a_call_costs() -> None:
    flat = [a_price(rates=rates(request="0.01"))]
    assert cost_usd(flat) == "0.01"
    failed = {"status": "error", "error_type": "500"}
    assert cost_usd(flat, **failed) == "0.01"


def test_the_version_of_a_price_names_the_price() -> None:
    """Two contracts with the same figures are told apart for ever."""
    one, other = price([a_price(1)]), price([a_price(2)])
    assert one.price_version != other.price_version
    assert one.price_version == price([a_price(1)]).price_version


def test_a_changed_factor_is_another_version() -> None:
    versions = {
        price([a_price(1, factor=Decimal(factor))]).price_version
        for factor in ("0.8", "0.80", "0.81")
    }
    assert len(versions) == 2
