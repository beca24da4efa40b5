from __future__ import annotations

import pytest

from ledger.domain.money import MAX_PICO_USD
from ledger.domain.usage import MAX_TOKENS, TOKEN_FIELDS, Usage
from ledger.pricing.cost import LineItem, NoRate, Tariff
from ledger.pricing.rates import Rate, RateCard, Tier

PICO_PER_TOKEN = 10**12
"""Yocto-dollars a token that make one pico-dollar a token."""


def a_tariff(**rates: Rate | int) -> Tariff:
    return Tariff(
        RateCard(
            catalog_provider="openai",
            catalog_model="a-model",
            context=(),
            source="test",
            valid_from=None,
            rates=tuple(
                (name, rate if isinstance(rate, Rate) else Rate(rate))
                for name, rate in rates.items()
            ),
        )
    )


def test_a_cost_is_the_sum_of_its_line_items() -> None:
    tariff = a_tariff(
        input_tokens=150 * PICO_PER_TOKEN,
        cache_read_tokens=75 * PICO_PER_TOKEN,
        output_tokens=600 * PICO_PER_TOKEN,
    )
    usage = Usage(input_tokens=200, cache_read_tokens=800, output_tokens=100, reasoning_tokens=3)
    items = tariff.line_items(usage)
    assert items == [
        LineItem("input_tokens", 200, 150 * PICO_PER_TOKEN, 30_000, "input_tokens"),
        LineItem("cache_read_tokens", 800, 75 * PICO_PER_TOKEN, 60_000, "cache_read_tokens"),
        LineItem("output_tokens", 100, 600 * PICO_PER_TOKEN, 60_000, "output_tokens"),
        LineItem("reasoning_tokens", 3, 600 * PICO_PER_TOKEN, 1_800, "output_tokens"),
    ]
    assert tariff.cost(usage).pico_usd == sum(item.pico_usd for item in items)


def test_line_items_show_the_price_of_the_tier_they_were_charged_at() -> None:
    rate = Rate(5 * PICO_PER_TOKEN, (Tier(10, 7 * PICO_PER_TOKEN),))
    tariff = a_tariff(input_tokens=rate, output_tokens=rate)
    items = tariff.line_items(Usage(input_tokens=11, output_tokens=2))
    assert [item.yocto_per_unit for item in items] == [7 * PICO_PER_TOKEN] * 2
    assert [item.pico_usd for item in items] == [77, 14]


def test_each_line_item_is_rounded_once_and_half_even() -> None:
    """Halves of a pico-dollar go to the even one, item by item and not on the sum."""
    half = PICO_PER_TOKEN // 2
    tariff = a_tariff(input_tokens=half, cache_read_tokens=half, output_tokens=half)
    usage = Usage(input_tokens=1, cache_read_tokens=3, output_tokens=5)
    assert [item.pico_usd for item in tariff.line_items(usage)] == [0, 2, 2]
    assert tariff.cost(usage).pico_usd == 4


@pytest.mark.parametrize("token_type", [name for name in TOKEN_FIELDS if name != "input_tokens"])
def test_a_used_type_without_any_rate_is_unpriced(token_type: str) -> None:
    tariff = a_tariff(reasoning_tokens=1) if token_type != "reasoning_tokens" else a_tariff()
    usage = Usage(**{token_type: 1})
    cost = tariff.cost(usage)
    assert (cost.status, cost.pico_usd) == ("unpriced", None)
    assert cost.reason == f"no_rate_for_{token_type}"
    with pytest.raises(NoRate):
        tariff.line_items(usage)


def test_an_unused_type_without_a_rate_does_not_matter() -> None:
    tariff = a_tariff(input_tokens=PICO_PER_TOKEN)
    assert tariff.cost(Usage(input_tokens=1, output_tokens=0)).pico_usd == 1


def test_a_cost_beyond_what_the_ledger_holds_is_unpriced() -> None:
    tariff = a_tariff(input_tokens=MAX_PICO_USD // MAX_TOKENS * PICO_PER_TOKEN, output_tokens=0)
    usage = Usage(input_tokens=MAX_TOKENS, output_tokens=0)
    assert tariff.cost(usage).status == "priced"
    dearer = a_tariff(input_tokens=MAX_PICO_USD * PICO_PER_TOKEN, output_tokens=0)
    cost = dearer.cost(usage)
    assert (cost.status, cost.reason) == ("unpriced", "cost_out_of_range")


def test_a_model_that_is_free_costs_zero_and_names_its_price() -> None:
    tariff = a_tariff(input_tokens=0, output_tokens=0)
    cost = tariff.cost(Usage(input_tokens=5, output_tokens=5))
    assert (cost.status, cost.pico_usd, cost.price_version) == ("priced", 0, tariff.version)
