from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing.rates import Rate, RateCard, Tier, yocto_per_token

_FIELDS: dict[str, Any] = {
    "catalog_provider": "openai",
    "catalog_model": "gpt-4o-mini",
    "context": (),
    "source": "genai-prices 1",
    "valid_from": None,
    "rates": (("input_tokens", Rate(150)), ("output_tokens", Rate(600, (Tier(200_000, 900),)))),
}


def a_card(**changes: Any) -> RateCard:
    return RateCard(**{**_FIELDS, **changes})


def test_the_version_of_a_price_is_named_by_its_content() -> None:
    """A changed name would break the link from booked costs to their prices."""
    assert str(a_card().version) == "04f6022e-14d6-7d0d-0731-5a41b5241c1a"


@pytest.mark.parametrize(
    "changes",
    [
        {"catalog_provider": "azure"},
        {"catalog_model": "gpt-4o"},
        {"context": (("processing", "batch"),)},
        {"valid_from": "2026-03-13"},
        {"rates": (("input_tokens", Rate(151)),)},
        {"rates": (("input_tokens", Rate(150, (Tier(200_000, 300),))),)},
    ],
)
def test_a_changed_figure_is_another_version(changes: dict[str, Any]) -> None:
    assert a_card(**changes).version != a_card().version


def test_a_new_release_of_the_source_with_the_same_figures_is_the_same_version() -> None:
    assert a_card(source="genai-prices 2").version == a_card().version


@pytest.mark.parametrize(
    ("input_tokens", "price"), [(0, 5), (200_000, 5), (200_001, 10), (500_000, 10), (500_001, 20)]
)
def test_a_tier_holds_once_the_input_passes_it(input_tokens: int, price: int) -> None:
    rate = Rate(5, (Tier(200_000, 10), Tier(500_000, 20)))
    assert rate.unit_price(input_tokens) == price


def test_one_dollar_per_million_is_10_to_the_18_yocto_dollars_a_token() -> None:
    assert yocto_per_token(Decimal(1)) == 10**18
    assert yocto_per_token(Decimal("0.003625")) == 3_625 * 10**12


@pytest.mark.parametrize("usd_per_million", ["1e-19", "-1"])
def test_a_price_that_cannot_be_kept_exactly_is_refused(usd_per_million: str) -> None:
    with pytest.raises(ValueError, match="cannot be kept exactly"):
        yocto_per_token(Decimal(usd_per_million))
