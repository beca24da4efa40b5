from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.domain.calls import Call
from ledger.domain.usage import TOKEN_FIELDS
from tests.decoders.traces import decode_protobuf
from tests.unit.receivers.otlp import ENCODINGS, protobuf_request, received

pytestmark = pytest.mark.parametrize("encoding", ENCODINGS)

SECRET = "my darkest secret"


def span_of(scope: str, attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A span of a scope; the tenant stands on its resource."""
    return {"scope": scope, "attributes": attributes, "resource": {"tenant.id": "acme"}, **more}


def langfuse(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A generation of Langfuse's."""
    return span_of(
        "langfuse-sdk",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o-mini",
            **attributes,
        },
        **more,
    )


def litellm(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request of LiteLLM's."""
    return span_of(
        "litellm",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "azure",
            "gen_ai.request.model": "gpt-4o-mini",
            **attributes,
        },
        **more,
    )


def the_call(encoding: str, span: dict[str, Any], default_tenant: str | None = None) -> Call:
    """The one call of a span."""
    result = received(encoding, span, default_tenant=default_tenant)
    assert result.refusals == []
    (call,) = result.calls
    return call


def tokens(call: Call) -> dict[str, int]:
    """The known tokens."""
    return dict(call.usage.reported())


@pytest.mark.parametrize(
    ("usage", "disjoint"),
    [
        pytest.param(
            {
                "input_tokens": 100,
                "output_tokens": 30,
                "input_tokens_details": {"cached_tokens": 60},
                "output_tokens_details": {"reasoning_tokens": 20},
                "total_tokens": 130,
            },
            (40, 60, None, None, 10, 20),
            id="of OpenAI's Responses, inclusive",
        ),
        pytest.param(
            {
                "input_tokens": 40,
                "output_tokens": 30,
                "cache_read_input_tokens": 60,
                "cache_creation_input_tokens": 50,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 20,
                    "ephemeral_1h_input_tokens": 30,
                },
            },
            (40, 60, 20, 30, 30, None),
            id="of Anthropic, exclusive",
        ),
        pytest.param(
            {"input": 40, "input_cached_tokens": 60, "output": 10, "output_reasoning_tokens": 20},
            (40, 60, None, None, 10, 20),
            id="of Langfuse's JavaScript SDK, exclusive",
        ),
        pytest.param({"input": 7}, (7, None, None, None, None, None), id="half of it"),
        pytest.param({"total": 7}, (None,) * 6, id="a sum only"),
    ],
)
def test_langfuse_usage_of_any_provider_is_taken_apart(
    encoding: str, usage: dict[str, Any], disjoint: tuple[int | None, ...]
) -> None:
    call = the_call(encoding, langfuse({"langfuse.observation.usage_details": json.dumps(usage)}))
    expected = zip(TOKEN_FIELDS, disjoint, strict=False)
    assert tokens(call) == {name: count for name, count in expected if count is not None}


@pytest.mark.parametrize(
    ("usage", "path"),
    [
        ("no JSON", "langfuse.observation.usage_details"),
        ("[1]", "langfuse.observation.usage_details"),
        ('{"input": -1}', "input"),
        ('{"prompt_tokens": "many"}', "prompt_tokens"),
    ],
)
def test_langfuse_usage_that_is_none_is_refused_by_name(
    encoding: str, usage: str, path: str
) -> None:
    result = received(encoding, langfuse({"langfuse.observation.usage_details": usage}))
    assert [refusal.path for refusal in result.refusals] == [path]


@pytest.mark.parametrize(
    ("cost", "pico_usd"),
    [
        ({"input": 0.000001, "output": 0.000002}, 3_000_000),
        ({"input": 0.000001, "total": 0.000005}, 5_000_000),
        ({}, None),
        ({"total": "much"}, None),
    ],
)
def test_the_cost_that_langfuse_reports_is_its_total_or_the_sum_of_its_parts(
    encoding: str, cost: dict[str, Any], pico_usd: int | None
) -> None:
    told = {
        "langfuse.observation.usage_details": '{"input": 1, "output": 1}',
        "langfuse.observation.cost_details": json.dumps(cost),
    }
    assert the_call(encoding, langfuse(told)).reported_cost_pico_usd == pico_usd


def test_langfuse_observations_that_are_no_calls_are_ignored(encoding: str) -> None:
    kinds = ("span", "agent", "tool", "chain", "retriever", "evaluator", "guardrail", "event")
    spans = [langfuse({"langfuse.observation.type": kind}) for kind in kinds]
    assert received(encoding, *spans).ignored == len(kinds)


@pytest.mark.parametrize(
    ("attributes", "resource", "default", "tenant"),
    [
        ({"tollbook.tenant": "own", "metadata.tenant": "told"}, {"tenant.id": "of"}, "d", "own"),
        ({"metadata.tenant": "told"}, {"tenant.id": "of resource"}, "d", "of resource"),
        ({"metadata.tenant": "told", "metadata.user_api_key_team_id": "t"}, {}, "d", "told"),
        ({"metadata.user_api_key_team_id": "team"}, {}, "default", "default"),
        ({"metadata.user_api_key_team_id": "team"}, {}, None, "team"),
        ({"metadata.requester_metadata": "{'tenant': 'repr', 'x': None}"}, {}, None, "repr"),
        ({"metadata.requester_metadata": '{"tenant_id": "json", "x": null}'}, {}, None, "json"),
    ],
)
def test_the_tenant_of_an_sdk_is_asked_after_ours_and_a_gateways_team_last(
    encoding: str,
    attributes: dict[str, Any],
    resource: dict[str, Any],
    default: str | None,
    tenant: str,
) -> None:
    assert the_call(encoding, litellm(attributes, resource=resource), default).tenant == tenant


def test_a_call_without_any_tenant_is_refused(encoding: str) -> None:
    refusal = received(encoding, litellm({"metadata.tenant": ""}, resource={})).refusals[0]
    assert refusal.path == "tenant.id"


def test_litellms_names_of_providers_become_those_of_opentelemetry(encoding: str) -> None:
    assert the_call(encoding, litellm({})).provider == "azure.ai.openai"
    embedding = {"gen_ai.system": "", "litellm.provider.model": "bedrock/titan"}
    assert the_call(encoding, litellm(embedding)).provider == "aws.bedrock"


def test_what_litellm_answers_from_its_cache_is_a_cache_hit(encoding: str) -> None:
    assert the_call(encoding, litellm({"litellm.cache_hit": True})).cache_hit is True
    assert the_call(encoding, litellm({"litellm.cache_hit": ""})).cache_hit is None


@pytest.mark.parametrize("usage", ["{", "{'a': ", "[" * 5000, "__import__('os')", "[1]", "{1: 2}"])
def test_a_usage_object_that_cannot_be_read_leaves_the_plain_counts(
    encoding: str, usage: str
) -> None:
    told = {"gen_ai.usage.input_tokens": 9, "metadata.usage_object": usage}
    assert tokens(the_call(encoding, litellm(told))) == {"input_tokens": 9}


@pytest.mark.parametrize(
    ("scope", "attributes"),
    [
        ("traceloop.tracer", {"gen_ai.operation.name": "guardrail.run"}),
        ("traceloop.tracer", {"traceloop.span.kind": "workflow", "gen_ai.request.model": "m"}),
        ("opentelemetry.instrumentation.langchain", {"gen_ai.operation.name": "execute_task"}),
        ("openlit.instrumentation.chroma", {"gen_ai.operation.name": "vectordb"}),
        ("openlit.instrumentation.mcp", {"gen_ai.operation.name": "mcp_tool_call"}),
        ("litellm", {"llm.openai.model": "gpt-4o-mini"}),
        ("com.anthropic.sdk.python", {"gen_ai.request.model": "claude-sonnet-4-5"}),
        ("com.anthropic.sdk.python", {"gen_ai.operation.name": "invoke_agent"}),
    ],
)
def test_what_is_around_calls_is_ignored(
    encoding: str, scope: str, attributes: dict[str, Any]
) -> None:
    assert received(encoding, span_of(scope, attributes)).ignored == 1


@pytest.mark.parametrize(
    "scope", ["openlit.instrumentation.anthropic", "openlit.instrumentation.x"]
)
def test_openlit_counts_without_caches_for_anthropic_only(encoding: str, scope: str) -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cache_read.input_tokens": 100,
    }
    exclusive = scope.endswith("anthropic")
    assert the_call(encoding, span_of(scope, told)).usage.input_tokens == (
        1000 if exclusive else 900
    )


def test_a_compaction_is_charged_on_top_of_its_message(encoding: str) -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
        "anthropic.usage.compaction.input_tokens": 5000,
        "anthropic.usage.compaction.output_tokens": 300,
    }
    assert tokens(the_call(encoding, span_of("com.anthropic.sdk.python", told))) == {
        "input_tokens": 5900,
        "cache_read_tokens": 100,
        "output_tokens": 310,
    }


def test_content_that_is_looked_at_is_never_kept_as_evidence(encoding: str) -> None:
    for name in ("output.value", "metadata", "langfuse.observation.status_message"):
        told = {"openinference.span.kind": "LLM", "llm.model_name": "m", name: SECRET}
        span = span_of("x", {**told, "llm.token_count.prompt": -1})
        payload = received(encoding, span).refusals[0].payload or ""
        assert SECRET not in payload
        assert "llm.token_count.prompt" in payload


def test_only_the_opening_of_an_answer_is_read(encoding: str) -> None:
    told = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"}
    answers = {
        '{"id":"chatcmpl-1","choices":[' + '"é",' * 1000 + "]}": "chatcmpl-1",
        '{"id": "msg_2"}': "msg_2",
        '{"choices": [], "id": "chatcmpl-3"}': None,
        '{"id":"of something else"}': None,
        "chatcmpl-4": None,
    }
    for answer, response_id in answers.items():
        call = the_call(encoding, span_of("openinference", {**told, "output.value": answer}))
        assert call.response_id == response_id


def test_an_answer_that_is_no_utf_8_hurts_nobody(encoding: str) -> None:
    told = {"openinference.span.kind": "LLM", "llm.model_name": "m", "output.value": "answer"}
    body = protobuf_request(span_of("openinference", told)).replace(b"answer", b"an\xffwer")
    assert len(decode_protobuf(body).calls) == 1
