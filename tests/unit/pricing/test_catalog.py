from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider

from ledger.domain.usage import TOKEN_FIELDS
from ledger.pricing.catalog import (
    LIBRARY,
    TOKEN_FIELD_BY_PRICE_KEY,
    UnknownPrice,
    depends_on_time_of_day,
    find_model,
    infer_provider,
    rate_card,
)
from ledger.pricing.rates import REQUEST, Rate, Tier
from ledger.pricing.snapshots import providers_of
from tests.factories.catalogs import as_served, published

_USD_PER_MILLION = 10**18
_AT = datetime(2026, 11, 2, tzinfo=UTC)


def found(provider: str, model: str) -> tuple[Provider, ModelInfo]:
    entry = find_model(provider, model)
    assert entry is not None
    return entry


def test_a_rate_card_says_where_its_figures_come_from() -> None:
    card = rate_card(*found("openai", "gpt-4o-mini"), None, _AT)
    assert (card.catalog_provider, card.catalog_model) == ("openai", "gpt-4o-mini")
    assert (card.source, card.context, card.valid_from) == (LIBRARY, (), None)
    assert dict(card.rates) == {
        "input_tokens": Rate(15 * _USD_PER_MILLION // 100),
        "cache_read_tokens": Rate(75 * _USD_PER_MILLION // 1000),
        "output_tokens": Rate(60 * _USD_PER_MILLION // 100),
    }


def test_a_rate_card_carries_tiers_and_the_date_it_holds_from() -> None:
    opus = found("anthropic", "claude-opus-4-6")
    before = rate_card(*opus, None, datetime(2026, 3, 12, tzinfo=UTC))
    after = rate_card(*opus, None, datetime(2026, 3, 13, tzinfo=UTC))
    assert dict(before.rates)["input_tokens"] == Rate(
        5 * _USD_PER_MILLION, (Tier(200_000, 10 * _USD_PER_MILLION),)
    )
    assert dict(after.rates)["input_tokens"] == Rate(5 * _USD_PER_MILLION)
    assert (before.valid_from, after.valid_from) == (None, "2026-03-13")
    assert before.version != after.version


def test_a_tier_of_service_is_part_of_the_card() -> None:
    card = rate_card(*found("openai", "gpt-4o-mini"), "batch", _AT)
    assert card.context == (("processing", "batch"),)
    assert dict(card.rates)["input_tokens"] == Rate(75 * _USD_PER_MILLION // 1000)


def test_a_price_of_a_tier_names_the_date_that_the_tier_holds_from() -> None:
    card = rate_card(*found("anthropic", "claude-haiku-4-5"), "batch", _AT)
    assert dict(card.rates)["input_tokens"] == Rate(_USD_PER_MILLION // 2)
    assert card.valid_from == "2026-10-14"


@pytest.mark.parametrize("tier", ["scale", "processing", "gpt-4o-mini"])
def test_an_unknown_tier_has_no_card(tier: str) -> None:
    with pytest.raises(UnknownPrice, match="service_tier_unknown"):
        rate_card(*found("openai", "gpt-4o-mini"), tier, _AT)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o-mini", "openai"),
        ("GPT-4o-mini", "openai"),
        ("claude-opus-4-6", "anthropic"),
        ("gemini-2.5-pro", "google"),
        ("a-model-of-our-own", None),
        ("", None),
    ],
)
def test_the_provider_is_inferred_from_the_models_name(model: str, provider: str | None) -> None:
    assert infer_provider(model) == provider


@pytest.mark.parametrize(
    ("name", "model", "catalog_id"),
    [
        ("azure.ai.openai", "gpt-4o-mini", "azure"),
        ("gcp.gemini", "gemini-2.5-pro", "google"),
        ("gcp.vertex_ai", "gemini-2.5-pro", "google"),
        ("mistral_ai", "mistral-medium-3-5", "mistral"),
        ("ANTHROPIC", "claude-opus-4-6", "anthropic"),
    ],
)
def test_opentelemetrys_provider_names_lead_to_the_catalogs(
    name: str, model: str, catalog_id: str
) -> None:
    assert found(name, model)[0].id == catalog_id


def test_a_model_is_never_guessed() -> None:
    assert find_model("openai", "gpt-9-mini") is None
    assert find_model("nobody", "gpt-4o-mini") is None


def test_only_models_with_off_peak_prices_depend_on_the_time_of_day() -> None:
    assert depends_on_time_of_day(found("deepseek", "deepseek-chat")[1])
    assert not depends_on_time_of_day(found("anthropic", "claude-opus-4-6")[1])


def test_every_token_type_can_have_a_price() -> None:
    assert set(TOKEN_FIELD_BY_PRICE_KEY.values()) == set(TOKEN_FIELDS)


def test_what_a_provider_charges_for_each_request_is_a_rate_of_its_own() -> None:
    """Perplexity: $14 per thousand requests beside its tokens."""
    card = rate_card(*found("perplexity", "sonar-pro"), None, _AT)
    assert dict(card.rates)[REQUEST] == Rate(14 * 10**21)
    assert "input_tokens" in dict(card.rates)


def test_the_published_form_of_the_catalog_has_the_same_prices() -> None:
    for theirs, ours in zip(providers_of(as_served(published())), providers, strict=True):
        assert [model.prices for model in theirs.models] == [model.prices for model in ours.models]
