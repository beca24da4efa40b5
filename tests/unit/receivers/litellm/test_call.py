from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ledger.domain.usage import NO_USAGE, Usage
from tests.decoders.litellm import decode
from tests.factories.calls import START
from tests.unit.receivers.litellm.payloads import STARTED, a_payload, the_call, the_refusal


def test_the_totals_are_the_usage_where_there_is_no_usage_object() -> None:
    assert the_call().usage == Usage(input_tokens=1000, output_tokens=100)


def test_a_call_without_a_single_token_has_no_known_usage() -> None:
    assert the_call(prompt_tokens=0, completion_tokens=0).usage == NO_USAGE


def test_anthropics_own_usage_counts_the_caches_beside_the_input() -> None:
    own = {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 200,
        "cache_creation": {"ephemeral_1h_input_tokens": 50, "ephemeral_5m_input_tokens": 150},
    }
    call = the_call(metadata={"tenant_id": "acme", "usage_object": own})
    assert call.usage == Usage(
        input_tokens=10,
        cache_read_tokens=300,
        cache_write_5m_tokens=150,
        cache_write_1h_tokens=50,
        output_tokens=20,
    )


def test_what_litellm_counted_itself_of_a_stream_is_kept_and_not_priced() -> None:
    own = {"tenant": "acme", "usage_object": {"prompt_tokens": 9, "completion_tokens": 4}}
    call = the_call(stream=True, metadata=own)
    assert (call.usage, call.raw_usage) == (NO_USAGE, {"prompt_tokens": 9, "completion_tokens": 4})
    own["usage_object"]["prompt_tokens_details"] = {"cached_tokens": 0}  # type: ignore[index]
    assert the_call(stream=True, metadata=own).usage.input_tokens == 9
    assert the_call(stream=True, custom_llm_provider="groq").usage.is_known


@pytest.mark.parametrize("usage_object", ["Usage(prompt_tokens=1)", [1], 7, None, {"x": {}}])
def test_a_usage_object_of_another_form_leaves_the_totals(usage_object: Any) -> None:
    call = the_call(metadata={"tenant": "acme", "usage_object": usage_object})
    assert call.usage == Usage(input_tokens=1000, output_tokens=100)


def test_a_count_that_is_none_is_refused_with_the_reason() -> None:
    refusal = the_refusal(prompt_tokens=-5)
    assert (refusal.path, refusal.tenant) == ("metadata.usage_object", "acme")
    assert "negative" in refusal.reason


def test_times_are_exact_and_the_first_token_counts_only_when_streamed() -> None:
    call = the_call()
    assert call.started_at == START + timedelta(seconds=0.25)
    assert (call.duration_seconds, call.time_to_first_token_seconds) == (1.5, None)
    assert the_call(completionStartTime=STARTED + 0.5).time_to_first_token_seconds == 0.5
    assert the_call(completionStartTime=STARTED - 1).time_to_first_token_seconds is None


def test_a_start_keeps_its_microseconds() -> None:
    assert the_call(startTime=1795531465.158891, endTime=None).started_at.microsecond == 158891


@pytest.mark.parametrize("value", [-1, 1e300, 5e9])
def test_an_impossible_time_is_refused(value: float) -> None:
    assert the_refusal(startTime=value).path == "startTime"


def test_a_call_cannot_end_before_it_started() -> None:
    assert the_refusal(endTime=STARTED - 1).path == "endTime"


@pytest.mark.parametrize(
    ("metadata", "tenant"),
    [
        ({"requester_metadata": {"tenant": "globex"}, "user_api_key_team_alias": "t"}, "globex"),
        ({"requester_metadata": {"tenant_id": 42}}, "42"),
        ({"spend_logs_metadata": {"tenant": "globex"}, "tenant": "other"}, "globex"),
        ({"tenant_id": "globex", "user_api_key_team_alias": "t"}, "globex"),
        ({"user_api_key_team_alias": "acme", "user_api_key_team_id": "team-7"}, "acme"),
        ({"user_api_key_team_id": "team-7"}, "team-7"),
        ({"requester_metadata": {"tenant": {"a": 1}}, "user_api_key_team_id": "t"}, "t"),
    ],
)
def test_whose_call_it_is(metadata: dict[str, Any], tenant: str) -> None:
    assert the_call(metadata=metadata).tenant == tenant


def test_without_a_team_the_tenant_is_the_default_or_the_call_is_refused() -> None:
    body = json.dumps(a_payload(metadata={})).encode()
    assert decode(body, "initech").calls[0].tenant == "initech"
    (refusal,) = decode(body).refusals
    assert "team" in refusal.reason


def test_the_callers_metadata_says_what_a_call_was_for() -> None:
    said = {
        "feature": "search",
        "environment": "production",
        "prompt_version": 3,
        "session_id": "s-1",
        "user_id": "u-1",
    }
    metadata = {"tenant": "acme", "requester_metadata": said, "user_api_key_user_id": "u-2"}
    call = the_call(metadata=metadata, request_tags=["jobID:214:a", "prod"], end_user="u-3")
    assert (call.feature, call.environment, call.prompt_version) == ("search", "production", "3")
    assert (call.session, call.user) == ("s-1", "u-1")
    assert call.tags == {"jobID": "214:a", "prod": True}


@pytest.mark.parametrize(
    ("call_type", "operation"),
    [
        ("acompletion", "chat"),
        ("completion", "chat"),
        ("aresponses", "chat"),
        ("anthropic_messages", "chat"),
        ("_arealtime", "chat"),
        ("aembedding", "embeddings"),
        ("atext_completion", "text_completion"),
        ("agenerate_content", "generate_content"),
        ("atranscription", "transcription"),
        ("aretrieve_batch", "aretrieve_batch"),
    ],
)
def test_the_operation_is_told_by_the_call_type(call_type: str, operation: str) -> None:
    assert the_call(call_type=call_type).operation == operation


def test_what_litellm_does_around_calls_is_ignored() -> None:
    listing = a_payload(call_type="alist_files", prompt_tokens=0, completion_tokens=0)
    assert decode(json.dumps(listing).encode()).ignored == 1


@pytest.mark.parametrize(
    ("provider", "model", "ours", "bare"),
    [
        ("azure", "azure/my-deployment", "azure.ai.openai", "my-deployment"),
        ("bedrock", "bedrock/us.anthropic.claude", "aws.bedrock", "us.anthropic.claude"),
        ("vertex_ai", "vertex_ai/gemini-2.5-pro", "gcp.vertex_ai", "gemini-2.5-pro"),
        ("openrouter", "openrouter/openai/gpt-4o", "openrouter", "openai/gpt-4o"),
        ("huggingface", "meta-llama/Llama-3", "huggingface", "meta-llama/Llama-3"),
        (None, "gpt-4o-mini", "openai", "gpt-4o-mini"),
    ],
)
def test_providers_have_opentelemetrys_names_and_models_lose_their_route(
    provider: str | None, model: str, ours: str, bare: str
) -> None:
    call = the_call(custom_llm_provider=provider, model=model)
    assert (call.provider, call.model) == (ours, bare)


def test_the_base_model_of_an_azure_deployment_is_its_model() -> None:
    known = {"model_map_key": "azure/gpt-4o-mini", "model_map_value": {"key": "x"}}
    unknown = {"model_map_key": "azure/my-deployment", "model_map_value": None}
    azure = {"custom_llm_provider": "azure", "model": "azure/my-deployment"}
    assert the_call(**azure, model_map_information=known).model == "gpt-4o-mini"
    assert the_call(**azure, model_map_information=unknown).model == "my-deployment"


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        ({"error_code": "429", "error_class": "RateLimitError"}, "429"),
        ({"error_code": "", "error_class": "APIConnectionError"}, "APIConnectionError"),
        ({"error_code": "408", "error_class": "Timeout"}, "timeout"),
        ({"error_code": "499", "error_class": "ClientDisconnected"}, "499"),
        ({}, "error"),
        (None, "error"),
        ("what?", "error"),
    ],
)
def test_a_failure_says_what_went_wrong(error: Any, error_type: str) -> None:
    call = the_call(status="failure", error_information=error, response_cost=0)
    assert (call.status, call.error_type) == ("error", error_type)
    assert call.reported_cost_pico_usd is None


def test_failed_attempts_and_the_answer_of_one_request_have_ids_of_their_own() -> None:
    failed = [the_call(status="failure", startTime=STARTED + n) for n in (0, 0.5)]
    ids = {call.id for call in (*failed, the_call(startTime=STARTED + 1))}
    assert len(ids) == 3


def test_without_litellms_id_the_answers_alone_does_not_name_a_call() -> None:
    first, second = (the_call(litellm_call_id=None, startTime=STARTED + n) for n in (0, 0.5))
    assert first.id != second.id
    assert the_refusal(litellm_call_id=None, id=None).path == "id"


@pytest.mark.parametrize(
    ("cost", "pico_usd"),
    [
        (0.00015719999999999997, 157_200_000),
        (1.6e-07, 160_000),
        ("0.25", 250_000_000_000),
        (0, 0),
        (None, None),
        (-1, None),
        ("NaN", None),
        ({"a": 1}, None),
        ("1" * 1000, None),
    ],
)
def test_the_reported_cost_is_read_from_its_digits(cost: Any, pico_usd: int | None) -> None:
    assert the_call(response_cost=cost).reported_cost_pico_usd == pico_usd


def test_a_cost_of_zero_that_litellm_could_not_tell_is_left_out() -> None:
    debug = {"error_str": "no such model"}
    call = the_call(response_cost=0.0, response_cost_failure_debug_info=debug)
    assert call.reported_cost_pico_usd is None


def test_an_answer_from_the_cache_does_not_name_the_response_of_another_call() -> None:
    call = the_call(cache_hit=True)
    assert (call.cache_hit, call.response_id) == (True, None)
    assert the_call(cache_hit=None).response_id == "chatcmpl-1"


def test_litellms_own_id_is_no_response_id() -> None:
    assert the_call(litellm_call_id="mine", response={"id": "mine"}).response_id is None


def test_a_trace_id_of_opentelemetry_is_one_of_ours_too() -> None:
    assert the_call(trace_id="0af7651916cd43dd8448eb211c80319c").trace_id is not None
    call = the_call()
    assert (call.trace_id, call.operation_id) == (None, "8341ef89-d4fd-45f4-80bb-391fb37e5239")


def test_the_tier_is_the_one_that_was_charged() -> None:
    response = {"id": "chatcmpl-1", "service_tier": "default"}
    assert the_call(response=response).service_tier == "default"
    charged = the_call(response=response, cost_breakdown={"service_tier": "flex"})
    assert charged.service_tier == "flex"


@pytest.mark.parametrize("response", ["an answer", ["an answer"], None, {"id": {"a": 1}}])
def test_a_response_of_another_form_costs_no_call(response: Any) -> None:
    assert the_call(response=response).response_id is None
