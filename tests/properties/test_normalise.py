"""One call in every form that tells of it: the same counts, the same price."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import INPUT_FIELDS, NO_USAGE, Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.usages.normalise import normalise
from tests.factories.calls import a_call
from tests.properties.strategies import any_tokens, few_tokens, json_values, models, moments

BOOK = PriceBook()

counts = st.fixed_dictionaries(
    dict.fromkeys(("fresh", "read", "written_5m", "written_1h", "said", "thought"), few_tokens)
)


def inclusive(n: dict[str, int]) -> dict[str, Any]:
    """As OpenAI and LiteLLM tell it."""
    return {
        "prompt_tokens": n["fresh"] + n["read"] + n["written_5m"] + n["written_1h"],
        "completion_tokens": n["said"] + n["thought"],
        "total_tokens": sum(n.values()),
        "prompt_tokens_details": {
            "cached_tokens": n["read"],
            "cache_creation_tokens": n["written_5m"] + n["written_1h"],
            "cache_creation_token_details": {"ephemeral_1h_input_tokens": n["written_1h"]},
        },
        "completion_tokens_details": {"reasoning_tokens": n["thought"]},
    }


def responses(n: dict[str, int]) -> dict[str, Any]:
    """As OpenAI's Responses tell it."""
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    return {
        names[head] + name.removeprefix(head) if head in names else name: value
        for name, value in inclusive(n).items()
        for head in [name.removesuffix("_details")]
    }


def exclusive(n: dict[str, int]) -> dict[str, Any]:
    """As Anthropic tells it."""
    return {
        "input_tokens": n["fresh"],
        "cache_read_input_tokens": n["read"],
        "cache_creation_input_tokens": n["written_5m"] + n["written_1h"],
        "cache_creation": {
            "ephemeral_5m_input_tokens": n["written_5m"],
            "ephemeral_1h_input_tokens": n["written_1h"],
        },
        "output_tokens": n["said"] + n["thought"],
        "output_tokens_details": {"thinking_tokens": n["thought"]},
    }


def opentelemetry(n: dict[str, int]) -> dict[str, Any]:
    """In OpenTelemetry's names."""
    return {
        "gen_ai.usage.input_tokens": n["fresh"] + n["read"] + n["written_5m"] + n["written_1h"],
        "gen_ai.usage.cache_read.input_tokens": n["read"],
        "gen_ai.usage.cache_write.input_tokens": n["written_5m"] + n["written_1h"],
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": n["written_1h"],
        "gen_ai.usage.output_tokens": n["said"] + n["thought"],
        "gen_ai.usage.reasoning.output_tokens": n["thought"],
    }


def xai(n: dict[str, int]) -> dict[str, Any]:
    """As xAI tells it: reasoning stands beside."""
    return {**inclusive(n), "completion_tokens": n["said"]}


FORMS = {
    "openai": inclusive,
    "azure.ai.openai": inclusive,
    "mistral_ai": inclusive,
    "litellm": inclusive,
    "unknown": responses,
    "anthropic": exclusive,
    "gcp.vertex_ai": exclusive,
    "some.host": opentelemetry,
    "x_ai": xai,
}


@given(counts, models, moments)
def test_one_call_costs_the_same_in_every_form(
    n: dict[str, int], model: tuple[str, str], at: Any
) -> None:
    disjoint = Usage(
        input_tokens=n["fresh"],
        cache_read_tokens=n["read"],
        cache_write_5m_tokens=n["written_5m"],
        cache_write_1h_tokens=n["written_1h"],
        output_tokens=n["said"],
        reasoning_tokens=n["thought"],
    )
    provider, name = model
    cost = BOOK.price(a_call(provider=provider, model=name, started_at=at, usage=disjoint))
    for host, form in FORMS.items():
        usage = normalise(host, "chat", form(n))
        assert usage == disjoint
        assert sum(tokens for _, tokens in usage.reported()) == sum(n.values())
        call = a_call(provider=provider, model=name, started_at=at, usage=usage)
        assert BOOK.price(call) == cost


@given(counts)
def test_amazons_and_googles_forms_tell_the_same_as_far_as_they_go(n: dict[str, int]) -> None:
    converse = {
        "inputTokens": n["fresh"],
        "outputTokens": n["said"],
        "totalTokens": sum(n.values()) - n["thought"],
        "cacheReadInputTokens": n["read"],
        "cacheWriteInputTokens": n["written_5m"] + n["written_1h"],
        "cacheDetails": [{"ttl": "1h", "inputTokens": n["written_1h"]}],
    }
    assert normalise("aws.bedrock", "chat", converse) == Usage(
        input_tokens=n["fresh"],
        cache_read_tokens=n["read"],
        cache_write_5m_tokens=n["written_5m"],
        cache_write_1h_tokens=n["written_1h"],
        output_tokens=n["said"],
    )
    gemini = {
        "promptTokenCount": n["fresh"] + n["read"],
        "cachedContentTokenCount": n["read"],
        "candidatesTokenCount": n["said"],
        "thoughtsTokenCount": n["thought"],
    }
    assert normalise("gcp.gemini", "chat", gemini) == Usage(
        input_tokens=n["fresh"],
        cache_read_tokens=n["read"],
        output_tokens=n["said"],
        reasoning_tokens=n["thought"],
    )


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("prompt_tokens", "completion_tokens"), any_tokens),
        optional={"total_tokens": any_tokens, "cache_read_input_tokens": any_tokens},
    ),
    st.dictionaries(
        st.sampled_from(["cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens"]),
        any_tokens,
    ),
    st.dictionaries(
        st.sampled_from(["reasoning_tokens", "audio_tokens", "image_tokens"]), any_tokens
    ),
    st.sampled_from(["openai", "x_ai", "gcp.gemini", "deepseek"]),
)
def test_whatever_contradicts_itself_is_never_negative_and_never_less_than_was_told(
    wholes: dict[str, int], fed: dict[str, int], said: dict[str, int], provider: str
) -> None:
    raw = {**wholes, "prompt_tokens_details": fed, "completion_tokens_details": said}
    usage = normalise(provider, "chat", raw)
    assert all(tokens >= 0 for _, tokens in usage.reported())
    by_side = [0, 0]
    for name, tokens in usage.reported():
        by_side[name not in INPUT_FIELDS] += tokens
    assert by_side[0] >= wholes["prompt_tokens"]
    assert by_side[1] >= wholes["completion_tokens"]


fields = st.sampled_from(
    [
        "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens",
        "prompt_tokens_details", "input_tokens_details", "cached_tokens", "cache_creation",
        "ephemeral_1h_input_tokens", "iterations", "type", "promptTokenCount",
        "promptTokensDetails", "modality", "tokenCount", "inputTokens", "cacheDetails",
        "billed_units", "gen_ai", "gen_ai.usage.input_tokens", "prompt_cache_hit_tokens",
    ]
)  # fmt: skip
anything = st.recursive(
    json_values | any_tokens,
    lambda inner: st.dictionaries(fields, inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(fields | st.text(max_size=5), anything, max_size=8), st.text(max_size=12))
def test_any_object_is_read_or_refused_by_a_path(raw: dict[str, Any], provider: str) -> None:
    try:
        usage = normalise(provider, "chat", raw)
    except InvalidRecord as refused:
        usage, path = NO_USAGE, refused.path
    else:
        path = "read"
    assert path
    assert all(tokens >= 0 for _, tokens in usage.reported())
