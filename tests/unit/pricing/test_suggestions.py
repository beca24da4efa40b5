"""What a model that is not known may have been meant to be."""

from __future__ import annotations

import pytest

from ledger.pricing.unpriced.reasons import advice_for
from ledger.pricing.unpriced.suggestions import Known, Suggestion, suggestions


def first(provider: str, model: str, *own: Known) -> Suggestion:
    return suggestions(provider, model, own)[0]


@pytest.mark.parametrize(
    ("provider", "model", "meant"),
    [
        ("openai", "gpt-4o-minni", ("openai", "gpt-4o-mini")),
        ("openai", "gpt_4o_mini", ("openai", "gpt-4o-mini")),
        ("openai", "gpt-4o-2031-01-01", ("openai", "gpt-4o")),
        ("unknown", "gpt5-minii", ("openai", "gpt-5-mini")),
        ("openai", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("nobody", "gpt-4o-mini", ("openai", "gpt-4o-mini")),
    ],
)
def test_the_likeliest_match_comes_first(provider: str, model: str, meant: tuple[str, str]) -> None:
    assert first(provider, model)[:2] == meant


def test_ones_own_names_are_offered_too() -> None:
    known = Known("azure.ai.openai", "chat-prod-eu", "an alias")
    assert first("azure.ai.openai", "chat-prod-us", known) == Suggestion(
        "azure.ai.openai", "chat-prod-eu", "an alias with a similar name"
    )


def test_of_nothing_alike_nothing_is_made_up() -> None:
    assert suggestions("house", "zzzzzzzzzzzz") == []


def test_there_are_never_many() -> None:
    assert len(suggestions("openrouter", "openai/gpt-5-mini-x")) == 5


@pytest.mark.parametrize(
    "reason",
    ["model_unknown", "service_tier_unknown", "no_rate_for_output_tokens", "usage_unknown",
     "no_exchange_rate_for_EUR", "answered_from_cache", "model_without_token_prices"],
)  # fmt: skip
def test_every_reason_comes_with_what_can_be_done(reason: str) -> None:
    assert advice_for(reason)


def test_a_cost_without_a_reason_needs_no_advice() -> None:
    assert advice_for(None) is None
