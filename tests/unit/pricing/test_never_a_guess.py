"""Unknown is not zero and not list price: what we do not know is never guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.domain.calls import ERROR, Cost
from ledger.domain.usage import Usage
from ledger.pricing.book import PriceBook
from tests.factories.calls import a_call


@pytest.mark.parametrize(
    ("usage", "reason"),
    [
        (Usage(cache_read_tokens=0, output_tokens=80), "input_tokens_unknown"),
        (Usage(output_tokens=80), "input_tokens_unknown"),
        (Usage(input_tokens=1000, reasoning_tokens=0), "output_tokens_unknown"),
        (Usage(input_tokens=1000), "output_tokens_unknown"),
        (Usage(), "usage_unknown"),
    ],
)
def test_half_a_usage_is_unpriced(usage: Usage, reason: str) -> None:
    assert PriceBook().price(a_call(usage=usage)) == Cost("unpriced", None, reason)


def test_parts_that_were_used_make_their_side_known() -> None:
    cost = PriceBook().price(a_call(usage=Usage(cache_read_tokens=1000, output_tokens=0)))
    # $0.075 per million cached tokens of gpt-4o-mini.
    assert (cost.status, cost.pico_usd) == ("priced", 75_000_000)


def test_a_known_model_without_a_price_for_its_tier_is_not_priced_as_the_one_asked_for() -> None:
    call = a_call(model="gpt-4o-mini", request_model="gpt-5", service_tier="flex")
    assert PriceBook().price(call) == Cost("unpriced", None, "service_tier_unknown")


def test_an_unknown_model_is_priced_as_the_one_asked_for() -> None:
    asked = a_call(model="gpt-4o-mini")
    answered = a_call(model="gpt-unheard-of", request_model="gpt-4o-mini")
    assert PriceBook().price(answered) == PriceBook().price(asked)


def test_a_refused_call_is_free_even_if_its_sender_counted_the_prompt() -> None:
    call = a_call(status=ERROR, error_type="429", usage=Usage(input_tokens=1000, output_tokens=0))
    assert PriceBook().price(call) == Cost("priced", 0, "refused_by_provider")


def test_a_tier_of_the_maker_says_nothing_of_a_model_that_another_serves() -> None:
    """The catalog's batch price of gpt-4o is OpenAI's, not Azure's."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    batch = {"model": "gpt-4o", "service_tier": "batch", "started_at": at}
    assert PriceBook().price(a_call(provider="openai", **batch)).status == "priced"
    served_by_azure = PriceBook().price(a_call(provider="azure.ai.openai", **batch))
    assert served_by_azure == Cost("unpriced", None, "service_tier_unknown")
    listed = PriceBook().price(a_call(provider="azure.ai.openai", model="gpt-4o"))
    assert listed.status == "priced"
