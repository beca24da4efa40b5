from __future__ import annotations

from typing import Any

import pytest

from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import MAX_TOKENS, NO_USAGE, Usage
from ledger.pricing.usages.normalise import normalise
from tests.unit.pricing.usages.goldens import GOLDENS

FAMILIES = frozenset(
    (
        "anthropic", "azure_openai", "bedrock", "cohere", "deepseek", "gemini", "litellm",
        "mistral", "openai", "opentelemetry", "vertex_ai", "xai",
    )
)  # fmt: skip


def test_every_family_has_goldens() -> None:
    assert {path.partition("/")[0] for path in GOLDENS} == FAMILIES


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS)
def test_a_documented_form_is_taken_apart_into_what_is_billed(golden: dict[str, Any]) -> None:
    usage = normalise(golden["provider"], golden["operation"], golden["usage"])
    assert dict(usage.reported()) == golden["expected"]
    assert sum(tokens for _, tokens in usage.reported()) == golden["billed_tokens"]


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS)
def test_unknown_fields_and_fields_of_null_change_nothing(golden: dict[str, Any]) -> None:
    more = {**golden["usage"], "novel_tokens": 7, "novel_details": {"x": [{"y": 1}]}, "z": None}
    assert normalise(golden["provider"], golden["operation"], more) == normalise(
        golden["provider"], golden["operation"], golden["usage"]
    )


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS)
def test_a_flattened_object_is_read_like_a_nested_one(golden: dict[str, Any]) -> None:
    flat: dict[str, Any] = {}
    for name, value in golden["usage"].items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"{name}.{part}".rstrip("."): said for part, said in parts}
    provider, operation = golden["provider"], golden["operation"]
    assert normalise(provider, operation, flat) == normalise(provider, operation, golden["usage"])


@pytest.mark.parametrize(
    "raw",
    [{}, {"total_tokens": 9}, {"type": "duration", "seconds": 12}, {"usage": [1]}, {"tokens": 3}],
)
def test_an_object_of_no_known_form_is_unknown_and_not_zero(raw: dict[str, Any]) -> None:
    assert normalise("openai", "chat", raw) == NO_USAGE


@pytest.mark.parametrize(
    ("provider", "raw"),
    [
        ("openai", {"prompt_tokens": 10}),
        ("openai", {"input_tokens": 10, "input_tokens_details": {}}),
        ("anthropic", {"input_tokens": 10, "output_tokens": None}),
        ("gcp.gemini", {"promptTokenCount": 10, "totalTokenCount": 10}),
        ("aws.bedrock", {"inputTokens": 10, "totalTokens": 10}),
        ("cohere", {"billed_units": {"input_tokens": 10}}),
    ],
)
def test_a_side_that_is_missing_is_unknown_and_not_zero(provider: str, raw: dict[str, Any]) -> None:
    assert normalise(provider, "chat", raw) == Usage(input_tokens=10)


@pytest.mark.parametrize(
    ("provider", "raw", "usage"),
    [
        pytest.param(
            "openai",
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 900},
                "completion_tokens_details": {"reasoning_tokens": 50},
            },
            Usage(input_tokens=100, cache_read_tokens=900, output_tokens=5, reasoning_tokens=50),
            id="parts beyond their whole leave it as it is",
        ),
        pytest.param(
            "anthropic",
            {
                "input_tokens": 1,
                "output_tokens": 2,
                "cache_creation_input_tokens": 50,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 40,
                    "ephemeral_1h_input_tokens": 20,
                },
            },
            Usage(
                input_tokens=1,
                output_tokens=2,
                cache_write_5m_tokens=40,
                cache_write_1h_tokens=20,
            ),
            id="lifetimes beyond their sum are believed",
        ),
        pytest.param(
            "gcp.gemini",
            {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 40,
                "candidatesTokenCount": 1,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}],
            },
            Usage(
                input_tokens=50,
                cache_read_tokens=40,
                input_audio_tokens=10,
                output_tokens=1,
            ),
            id="more cached audio than audio",
        ),
    ],
)
def test_contradictory_counts_never_go_negative(
    provider: str, raw: dict[str, Any], usage: Usage
) -> None:
    assert normalise(provider, "chat", raw) == usage


@pytest.mark.parametrize(
    ("provider", "raw", "path"),
    [
        ("openai", {"prompt_tokens": -1}, "prompt_tokens"),
        ("openai", {"prompt_tokens": 1, "completion_tokens": "many"}, "completion_tokens"),
        (
            "openai",
            {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0.5}},
            "prompt_tokens_details.cached_tokens",
        ),
        ("anthropic", {"input_tokens": MAX_TOKENS + 1, "output_tokens": 1}, "input_tokens"),
        (
            "anthropic",
            {
                "input_tokens": 1,
                "output_tokens": 1,
                "iterations": [{}, {"type": "compaction", "output_tokens": []}],
            },
            "iterations[1].output_tokens",
        ),
        (
            "gcp.gemini",
            {
                "promptTokenCount": 1,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": True}],
            },
            "promptTokensDetails[0].tokenCount",
        ),
        ("cohere", {"billed_units": {"input_tokens": 1.5}}, "billed_units.input_tokens"),
    ],
)
def test_a_count_that_is_none_is_refused_by_its_path(
    provider: str, raw: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRecord) as refused:
        normalise(provider, "chat", raw)
    assert refused.value.path == path


def test_the_form_and_not_the_host_says_how_to_read() -> None:
    anthropics = {"input_tokens": 5, "cache_read_input_tokens": 90, "output_tokens": 1}
    openais = {
        "input_tokens": 95,
        "input_tokens_details": {"cached_tokens": 90},
        "output_tokens": 1,
    }
    usage = Usage(input_tokens=5, cache_read_tokens=90, output_tokens=1)
    for provider in ("anthropic", "aws.bedrock", "gcp.vertex_ai", "openrouter", "unknown"):
        assert normalise(provider, "chat", anthropics) == usage
        assert normalise(provider, "chat", openais) == usage


def test_reasoning_beside_the_completion_needs_a_total_that_proves_it_elsewhere() -> None:
    raw = {
        "prompt_tokens": 40,
        "completion_tokens": 11,
        "total_tokens": 163,
        "completion_tokens_details": {"reasoning_tokens": 112},
    }
    beside = Usage(input_tokens=40, output_tokens=11, reasoning_tokens=112)
    for provider in ("openrouter", "x_ai", "XAI"):
        assert normalise(provider, "chat", raw) == beside
    within = {**raw, "total_tokens": 200, "completion_tokens": 150}
    assert normalise("openrouter", "chat", within) == Usage(
        input_tokens=40, output_tokens=38, reasoning_tokens=112
    )


def test_images_are_the_output_of_making_them_unless_details_say_more() -> None:
    raw = {"input_tokens": 9, "input_tokens_details": {"text_tokens": 9}, "output_tokens": 4000}
    made = normalise("openai", "image_edit", raw)
    assert (made.output_tokens, made.output_image_tokens) == (0, 4000)
    assert normalise("openai", "chat", raw).output_tokens == 4000
    mixed = {**raw, "output_tokens_details": {"image_tokens": 3900, "text_tokens": 100}}
    told = normalise("openai", "image_generation", mixed)
    assert (told.output_tokens, told.output_image_tokens) == (100, 3900)
