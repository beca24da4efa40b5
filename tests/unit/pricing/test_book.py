from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.domain.calls import Cost
from ledger.domain.money import usd_text
from ledger.domain.usage import NO_USAGE, Usage
from ledger.pricing.book import PriceBook
from tests.factories.calls import a_call

BEFORE_FLAT_PRICE = datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)
FLAT_PRICE = datetime(2026, 3, 13, tzinfo=UTC)


def price(**changes: Any) -> Cost:
    return PriceBook().price(a_call(**changes))


def cost_usd(**changes: Any) -> str:
    cost = price(**changes)
    assert cost.status == "priced", cost.reason
    assert cost.pico_usd is not None
    return usd_text(cost.pico_usd)


def reason_unpriced(**changes: Any) -> str | None:
    cost = price(**changes)
    assert (cost.status, cost.pico_usd) == ("unpriced", None)
    return cost.reason


def opus(at: datetime, **tokens: int) -> str:
    return cost_usd(
        provider="anthropic", model="claude-opus-4-6", started_at=at, usage=Usage(**tokens)
    )


def test_a_chat_call_costs_its_input_and_its_output() -> None:
    """1,000 x $0.15/M + 100 x $0.60/M."""
    assert cost_usd() == "0.00021"


def test_cached_tokens_are_charged_once_and_at_their_own_rate() -> None:
    """200 x $0.15/M + 800 x $0.075/M + 100 x $0.60/M."""
    usage = Usage(input_tokens=200, cache_read_tokens=800, output_tokens=100)
    assert cost_usd(usage=usage) == "0.00015"


def test_writing_to_the_cache_costs_more_for_an_hour_than_for_five_minutes() -> None:
    """100 x $3/M + 1,000 x ($0.30/M + $3.75/M + $6/M)."""
    usage = Usage(
        input_tokens=100,
        cache_read_tokens=1000,
        cache_write_5m_tokens=1000,
        cache_write_1h_tokens=1000,
        output_tokens=0,
    )
    assert cost_usd(provider="anthropic", model="claude-sonnet-4-5", usage=usage) == "0.01035"


def test_reasoning_is_charged_as_output_when_it_has_no_rate_of_its_own() -> None:
    """10 x $1.25/M + (20 + 80) x $10/M."""
    usage = Usage(input_tokens=10, output_tokens=20, reasoning_tokens=80)
    assert cost_usd(model="gpt-5", usage=usage) == "0.0010125"


def test_an_embedding_costs_its_input_only() -> None:
    """5 x $0.02/M."""
    assert cost_usd(model="text-embedding-3-small", usage=Usage(input_tokens=5)) == "0.0000001"


def test_up_to_200000_input_tokens_the_base_price_holds() -> None:
    """200,000 x $5/M + 1,000 x $25/M."""
    assert opus(BEFORE_FLAT_PRICE, input_tokens=200_000, output_tokens=1000) == "1.025"


def test_above_200000_input_tokens_the_whole_call_costs_the_higher_price() -> None:
    """300,000 x $10/M + 1,000 x $37.50/M."""
    assert opus(BEFORE_FLAT_PRICE, input_tokens=300_000, output_tokens=1000) == "3.0375"


def test_cached_tokens_count_towards_the_tier() -> None:
    """1 x $10/M + 200,000 x $1/M + 1,000 x $37.50/M."""
    cost = opus(BEFORE_FLAT_PRICE, input_tokens=1, cache_read_tokens=200_000, output_tokens=1000)
    assert cost == "0.23751"


def test_a_new_price_holds_from_the_first_second_of_its_start_date() -> None:
    """300,000 x $5/M + 1,000 x $25/M."""
    assert opus(FLAT_PRICE, input_tokens=300_000, output_tokens=1000) == "1.525"


def test_one_book_prices_both_sides_of_a_start_date() -> None:
    book = PriceBook()
    calls = [
        a_call(
            provider="anthropic",
            model="claude-opus-4-6",
            started_at=at,
            usage=Usage(input_tokens=300_000, output_tokens=0),
        )
        for at in (BEFORE_FLAT_PRICE, FLAT_PRICE, BEFORE_FLAT_PRICE)
    ]
    amounts = [book.price(call).pico_usd for call in calls]
    assert amounts == [3 * 10**12, 15 * 10**11, 3 * 10**12]


@pytest.mark.parametrize(
    ("hour", "minute", "usd"),
    [(0, 29, "0.00019"), (0, 30, "0.00038"), (16, 29, "0.00038"), (16, 30, "0.00019")],
)
def test_off_peak_prices_hold_by_the_time_of_day(hour: int, minute: int, usd: str) -> None:
    at = datetime(2025, 6, 1, hour, minute, tzinfo=UTC)
    assert cost_usd(provider="deepseek", model="deepseek-chat", started_at=at) == usd


def test_one_book_prices_peak_and_off_peak_of_one_day() -> None:
    book = PriceBook()
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
    assert amounts == [380_000_000, 190_000_000, 380_000_000]


@pytest.mark.parametrize(
    ("tier", "usd"),
    [
        (None, "0.00021"),
        ("", "0.00021"),
        ("auto", "0.00021"),
        ("default", "0.00021"),
        ("standard", "0.00021"),
        ("batch", "0.000105"),
        ("priority", "0.00035"),
    ],
)
def test_the_service_tier_decides_the_price(tier: str | None, usd: str) -> None:
    assert cost_usd(service_tier=tier) == usd


def test_a_tier_that_the_catalog_does_not_know_is_unpriced() -> None:
    assert reason_unpriced(service_tier="scale") == "service_tier_unknown"


def test_a_tier_whose_price_is_not_in_force_yet_is_unpriced_and_not_list_price() -> None:
    """The catalog has a batch price for this model from 2026-10-14 on."""
    model = {"provider": "anthropic", "model": "claude-haiku-4-5", "service_tier": "batch"}
    assert cost_usd(started_at=datetime(2026, 10, 14, tzinfo=UTC), **model) == "0.00075"
    before = datetime(2026, 10, 13, 23, 59, tzinfo=UTC)
    assert reason_unpriced(started_at=before, **model) == "service_tier_unknown"


@pytest.mark.parametrize(
    "changes", [{"model": "gpt-9-mini"}, {"provider": "nobody"}, {"provider": "anthropic"}]
)
def test_an_unknown_model_is_unpriced_and_never_free(changes: dict[str, str]) -> None:
    assert reason_unpriced(**changes) == "model_unknown"


def test_the_requested_model_prices_a_call_whose_answering_model_is_unknown() -> None:
    assert cost_usd(model="ft:custom-deployment", request_model="gpt-4o-mini") == "0.00021"


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (NO_USAGE, "usage_unknown"),
        (Usage(input_tokens=5), "output_tokens_unknown"),
        (Usage(output_tokens=5), "input_tokens_unknown"),
    ],
)
def test_missing_counts_leave_a_call_unpriced(usage: Usage, reason: str) -> None:
    assert reason_unpriced(usage=usage) == reason


def test_a_token_type_without_a_rate_leaves_the_call_unpriced() -> None:
    usage = Usage(input_tokens=5, output_tokens=5)
    assert (
        reason_unpriced(model="text-embedding-3-small", usage=usage) == "no_rate_for_output_tokens"
    )


@pytest.mark.parametrize("error_type", ["400", "401", "429", "rate_limit", "RateLimitError"])
def test_a_call_that_the_provider_refused_is_free(error_type: str) -> None:
    cost = price(status="error", error_type=error_type, usage=NO_USAGE)
    assert cost == Cost("priced", 0, "refused_by_provider")


@pytest.mark.parametrize("error_type", ["500", "503", "timeout", "4xx", "4290", None])
def test_a_call_that_failed_otherwise_without_usage_is_unpriced(error_type: str | None) -> None:
    assert reason_unpriced(status="error", error_type=error_type, usage=NO_USAGE) == "usage_unknown"


def test_a_call_that_its_client_aborted_was_not_refused() -> None:
    """499 is a proxy's word for a client that went away: the provider may have worked."""
    assert reason_unpriced(status="error", error_type="499", usage=NO_USAGE) == "usage_unknown"


def test_a_failed_call_with_usage_costs_what_it_used() -> None:
    assert cost_usd(status="error", error_type="503") == "0.00021"


def test_an_answer_from_the_senders_own_cache_is_free() -> None:
    assert price(cache_hit=True) == Cost("priced", 0, "answered_from_cache")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("azure.ai.openai", "gpt-4o-mini"),
        ("OpenAI", "gpt-4o-mini"),
        ("openai", "gpt-4o-mini-2024-07-18"),
    ],
)
def test_models_are_found_by_opentelemetrys_names(provider: str, model: str) -> None:
    assert cost_usd(provider=provider, model=model) == "0.00021"


def test_every_priced_cost_names_a_version_that_must_be_recorded_first() -> None:
    book = PriceBook()
    cost = book.price(a_call())
    assert [card.version for card in book.unrecorded] == [cost.price_version]
    book.mark_recorded(book.unrecorded)
    assert book.price(a_call()).price_version == cost.price_version
    assert book.unrecorded == []


def test_two_books_name_the_same_version() -> None:
    assert price().price_version == price().price_version
    assert price().price_version != price(service_tier="batch").price_version
