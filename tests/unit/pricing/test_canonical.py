"""Names of models as clients send them; what is not certain stays as it was sent."""

from __future__ import annotations

import pytest

from ledger.pricing.book import PriceBook
from ledger.pricing.canonical import canonical
from tests.factories.calls import a_call

SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"
ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("anthropic", SONNET, ("aws.bedrock", SONNET)),
        ("anthropic", f"us.{SONNET}", ("aws.bedrock", f"us.{SONNET}")),
        (
            "unknown",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ("aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
        ("unknown", "amazon.nova-pro-v1:0", ("aws.bedrock", "amazon.nova-pro-v1:0")),
        ("unknown", f"{ARN}::foundation-model/{SONNET}", ("aws.bedrock", SONNET)),
        ("aws.bedrock", f"{ARN}::foundation-model/{SONNET}", ("aws.bedrock", SONNET)),
        (
            "aws.bedrock",
            f"{ARN}:123456789012:inference-profile/eu.{SONNET}",
            ("aws.bedrock", f"eu.{SONNET}"),
        ),
        (
            "unknown",
            f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{SONNET}",
            ("aws.bedrock", SONNET),
        ),
        (
            "unknown",
            f"{ARN}:123456789012:application-inference-profile/abcd",
            ("aws.bedrock", f"{ARN}:123456789012:application-inference-profile/abcd"),
        ),
        ("google", "models/gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("gcp.gemini", "models/gemini-2.5-flash", ("gcp.gemini", "gemini-2.5-flash")),
        ("openai", "models/gemini-2.5-flash", ("gcp.gemini", "gemini-2.5-flash")),
        (
            "unknown",
            "publishers/google/models/gemini-2.5-pro",
            ("gcp.vertex_ai", "gemini-2.5-pro"),
        ),
        (
            "gcp.vertex_ai",
            "projects/p-1/locations/us-central1/publishers/google/models/gemini-2.5-pro",
            ("gcp.vertex_ai", "gemini-2.5-pro"),
        ),
        (
            "gcp.vertex_ai",
            "publishers/anthropic/models/claude-sonnet-4@20250514",
            ("gcp.vertex_ai", "claude-sonnet-4@20250514"),
        ),
        ("unknown", "azure/gpt-4o", ("azure.ai.openai", "gpt-4o")),
        ("openai", "azure/gpt-4o", ("azure.ai.openai", "gpt-4o")),
        ("azure", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("unknown", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("openai", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("litellm", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        (
            "anthropic",
            "anthropic/claude-3-5-sonnet-20241022",
            ("anthropic", "claude-3-5-sonnet-20241022"),
        ),
        ("anthropic", f"bedrock/us.{SONNET}", ("aws.bedrock", f"us.{SONNET}")),
        ("litellm", f"bedrock/converse/{SONNET}", ("aws.bedrock", SONNET)),
        ("litellm", f"bedrock/{ARN}::foundation-model/{SONNET}", ("aws.bedrock", SONNET)),
        ("google", "gemini/gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("litellm", "vertex_ai/gemini-2.5-pro", ("gcp.vertex_ai", "gemini-2.5-pro")),
        ("litellm", "openrouter/openai/gpt-4o-mini", ("openrouter", "openai/gpt-4o-mini")),
    ],
)
def test_a_certain_form_becomes_the_name_its_host_lists(
    provider: str, model: str, expected: tuple[str, str]
) -> None:
    assert (canonical(provider, model) or (provider, model)) == expected


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-mini"),
        ("anthropic", "claude-3-5-sonnet-20241022"),
        ("aws.bedrock", f"us.{SONNET}"),
        ("bedrock", f"{ARN}:1:provisioned-model/abc"),
        ("openrouter", "openai/gpt-4o-mini"),
        ("openrouter", "anthropic/claude-3.5-sonnet"),
        ("together", "openai/gpt-oss-20b"),
        ("unknown", "deepseek/deepseek-chat"),
        ("unknown", "azure/our-own-deployment"),
        ("unknown", "openai/gpt-unheard-of"),
        ("unknown", "us.anthropic.claude-imaginary-v9:0"),
        ("our-gateway", f"us.{SONNET}"),
        ("unknown", "my.anthropic.claude-3-haiku"),
        ("google", "tunedModels/gemini-1.5-flash-abc"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id"),
        ("unknown", "models/our-llama"),
        ("unknown", ""),
        ("unknown", "/"),
        ("unknown", "arn:aws:s3:::bucket"),
    ],
)
def test_what_is_not_certain_stays_as_it_was_sent(provider: str, model: str) -> None:
    assert canonical(provider, model) is None


def test_a_listed_name_is_its_own() -> None:
    """What was made canonical once changes no more: a replay books the same."""
    for model in (f"{ARN}::foundation-model/{SONNET}", "models/gemini-2.5-flash", "azure/gpt-4o"):
        name = canonical("unknown", model)
        assert name is not None
        assert canonical(*name) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("aws.bedrock", f"{ARN}:1:custom-model/amazon.nova-pro-v1:0/abcd"),
        ("aws.bedrock", f"{ARN}:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/a"),
        ("aws.bedrock", f"{ARN}:1:application-inference-profile/abcd"),
        ("aws.bedrock", f"{ARN}:1:provisioned-model/abcd"),
        ("google", "tunedModels/gemini-1.5-flash-abc"),
        ("gcp.vertex_ai", "projects/p/locations/l/endpoints/123"),
        ("azure.ai.openai", "ft:gpt-4o-mini-2024-07-18:org::id"),
        ("openai", "ft:gpt-4.1-mini-2025-04-14:org::id"),
        ("azure.ai.openai", "gpt-4o-2024-08-06.ft-0123"),
    ],
)
def test_somebody_s_own_model_is_never_charged_at_list_price(provider: str, model: str) -> None:
    cost = PriceBook().price(a_call(provider=provider, model=model))
    assert (cost.status, cost.reason) == ("unpriced", "model_unknown")


def test_a_fine_tune_is_priced_as_one_where_its_price_is_known() -> None:
    tuned = PriceBook().price(a_call(model="ft:gpt-4o-mini-2024-07-18:org::id"))
    listed = PriceBook().price(a_call(model="gpt-4o-mini-2024-07-18"))
    assert tuned.pico_usd is not None
    assert listed.pico_usd is not None
    # $0.30 and $1.20 per million tokens instead of $0.15 and $0.60.
    assert (tuned.pico_usd, listed.pico_usd) == (420_000_000, 210_000_000)


def test_regional_and_global_profiles_keep_their_own_prices() -> None:
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    regional, everywhere = (
        PriceBook().price(a_call(provider="aws.bedrock", model=f"{place}.{model}")).pico_usd
        for place in ("eu", "global")
    )
    assert regional is not None
    assert everywhere is not None
    assert regional > everywhere
