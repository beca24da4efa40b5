"""Prices worked out by hand from what providers publish; each docstring is the sum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.domain.usage import Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import Contracts
from ledger.pricing.cost import Tariff
from ledger.pricing.forms import RateForm, TierForm
from ledger.pricing.rates import Rate, RateCard
from tests.factories.calls import a_call
from tests.factories.prices import a_price, rates

LONG = RateForm(Decimal("2.50"), tiers=(TierForm(200_000, Decimal(5)),))
SAID = RateForm(Decimal(10), tiers=(TierForm(200_000, Decimal(15)),))
"""$2.50 and $10 a million tokens, $5 and $15 for calls above 200,000 input tokens."""


def lines(usage: Usage, price: dict[str, RateForm], **changes: object) -> dict[str, str]:
    """Pico-dollars of each line item, as text."""
    book = PriceBook(Contracts([a_price(rates=price)]))
    call = a_call(usage=usage, **changes)
    tariff = book.tariff(call)
    assert isinstance(tariff, Tariff)
    items = tariff.line_items(usage)
    assert book.price(call).pico_usd == sum(item.pico_usd for item in items)
    return {item.token_type: f"{item.pico_usd:,}" for item in items}


@pytest.mark.parametrize(
    ("read", "items"),
    [
        (
            199_999,
            {"input_tokens": "2,500,000", "cache_read_tokens": "499,997,500,000",
             "output_tokens": "10,000,000,000"},
        ),
        (
            200_000,
            {"input_tokens": "5,000,000", "cache_read_tokens": "1,000,000,000,000",
             "output_tokens": "15,000,000,000"},
        ),
    ],
)  # fmt: skip
def test_one_token_above_200000_the_whole_call_is_in_the_higher_tier(
    read: int, items: dict[str, str]
) -> None:
    """1 fresh and 199,999 cached are 200,000: the base. One more: all of it at the tier."""
    usage = Usage(input_tokens=1, cache_read_tokens=read, output_tokens=1000)
    assert lines(usage, {"input": LONG, "output": SAID}) == items


@pytest.mark.parametrize(
    ("tokens", "usd"), [(200_000, "1.025"), (200_001, "2.03751")], ids=["at", "above"]
)
def test_the_catalogs_tier_begins_above_200000(tokens: int, usd: str) -> None:
    """200,000 x $5/M + 1,000 x $25/M; 200,001 x $10/M + 1,000 x $37.50/M."""
    call = a_call(
        provider="anthropic",
        model="claude-opus-4-6",
        started_at=datetime(2026, 3, 12, tzinfo=UTC),
        usage=Usage(input_tokens=tokens, output_tokens=1000),
    )
    assert PriceBook().price(call).pico_usd == int(Decimal(usd) * 10**12)


@pytest.mark.parametrize(
    ("tier", "pico"), [(None, 210_000_000), ("batch", 105_000_000), ("priority", 350_000_000)]
)
def test_batch_and_priority_have_the_catalogs_prices(tier: str | None, pico: int) -> None:
    """1,000 x $0.15/M + 100 x $0.60/M; half of it; 1,000 x $0.25/M + 100 x $1/M."""
    assert PriceBook().price(a_call(service_tier=tier)).pico_usd == pico


def test_a_region_costs_a_tenth_more() -> None:
    """1.1 x $0.00021."""
    uplift = a_price(tenant="*", model="*", factor=Decimal("1.1"), context={"region": "eu"})
    book = PriceBook(Contracts([uplift]))
    assert book.price(a_call(region="eu")).pico_usd == 231_000_000


def test_both_lifetimes_of_the_cache_have_their_price() -> None:
    """10 x $3/M + 1,000 x ($3.75/M, $6/M, $0.30/M)."""
    call = a_call(
        provider="anthropic",
        model="claude-sonnet-4-5",
        usage=Usage(
            input_tokens=10,
            cache_write_5m_tokens=1000,
            cache_write_1h_tokens=1000,
            cache_read_tokens=1000,
            output_tokens=0,
        ),
    )
    tariff = PriceBook().tariff(call)
    assert isinstance(tariff, Tariff)
    assert {item.token_type: item.pico_usd for item in tariff.line_items(call.usage)} == {
        "input_tokens": 30_000_000,
        "cache_write_5m_tokens": 3_750_000_000,
        "cache_write_1h_tokens": 6_000_000_000,
        "cache_read_tokens": 300_000_000,
    }


def test_audio_images_and_reasoning_have_rates_of_their_own_or_that_of_their_side() -> None:
    """Audio in $40/M and out $80/M; images as input, reasoning as output."""
    usage = Usage(
        input_tokens=100,
        input_audio_tokens=10,
        input_image_tokens=7,
        output_tokens=20,
        output_audio_tokens=5,
        reasoning_tokens=30,
    )
    price = rates(input="2.50", output="10", input_audio="40", output_audio="80")
    assert lines(usage, price) == {
        "input_tokens": "250,000,000",
        "input_audio_tokens": "400,000,000",
        "input_image_tokens": "17,500,000",
        "output_tokens": "200,000,000",
        "output_audio_tokens": "400,000,000",
        "reasoning_tokens": "300,000,000",
    }


@pytest.mark.parametrize(
    ("factor", "pico"),
    [("0.5", 0), ("1.5", 2), ("2.5", 2), ("3.5", 4), ("2.500000000001", 3)],
)
def test_halves_of_a_pico_dollar_go_to_the_even_one(factor: str, pico: int) -> None:
    """One token at 1 pico-dollar times the factor; rounded once, after it."""
    card = RateCard(
        catalog_provider="openai",
        catalog_model="a-model",
        context=(),
        source="test",
        valid_from=None,
        rates=(("input_tokens", Rate(10**12)), ("output_tokens", Rate(0))),
        factor=Decimal(factor),
    )
    usage = Usage(input_tokens=1, output_tokens=0)
    assert Tariff(card).cost(usage).pico_usd == pico
    assert [item.pico_usd for item in Tariff(card).line_items(usage)] == [pico]


def test_a_price_change_holds_to_the_microsecond_however_late_a_call_arrives() -> None:
    """The book knows nothing of arrival: a call is priced by its own time."""
    change = datetime(2026, 11, 2, 13, 37, 0, 123_456, tzinfo=UTC)
    prices = [
        a_price(1, valid_to=change, rates=rates(input="1", output="0")),
        a_price(2, valid_from=change, rates=rates(input="2", output="0")),
    ]
    book = PriceBook(Contracts(prices))
    assert book.price(a_call(started_at=change)).pico_usd == 2_000_000_000
    before = a_call(started_at=change - timedelta(microseconds=1))
    assert book.price(before).pico_usd == 1_000_000_000
