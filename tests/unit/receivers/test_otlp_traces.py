from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.domain.errors import UnreadableBody
from tests.decoders.traces import decode_json, decode_protobuf
from tests.unit.receivers.otlp import (
    ENCODINGS,
    START_NANOS,
    a_span,
    json_request,
    protobuf_request,
    received,
)

SECRET = "the patient was told"

pytestmark = pytest.mark.parametrize("encoding", ENCODINGS)


def test_a_call_is_named_by_its_trace_and_span(encoding: str) -> None:
    call = received(encoding, a_span()).calls[0]
    assert call.trace_id == f"{0xA0001:032x}"
    assert call.span_id == f"{0xB0001:016x}"
    assert call.id == f"{call.trace_id}{call.span_id}"


def test_a_span_without_a_tenant_is_refused(encoding: str) -> None:
    result = received(encoding, a_span({"tenant.id": None}))
    assert result.calls == []
    assert [refusal.path for refusal in result.refusals] == ["tenant.id"]


def test_the_default_tenant_is_for_spans_that_name_none(encoding: str) -> None:
    spans = (a_span({"tenant.id": None}), a_span())
    calls = received(encoding, *spans, default_tenant="fallback").calls
    assert [call.tenant for call in calls] == ["fallback", "acme"]


@pytest.mark.parametrize("name", ["tollbook.tenant", "tenant.id"])
def test_the_resource_says_the_tenant_of_its_spans(encoding: str, name: str) -> None:
    span = a_span({"tenant.id": None}, resource={name: "umbrella"})
    assert received(encoding, span).calls[0].tenant == "umbrella"


def test_the_spans_tenant_wins_over_the_resources(encoding: str) -> None:
    span = a_span(resource={"tollbook.tenant": "umbrella", "tenant.id": "umbrella"})
    assert received(encoding, span).calls[0].tenant == "acme"


def test_our_own_tenant_name_wins_over_the_general_one(encoding: str) -> None:
    span = a_span({"tollbook.tenant": "ours", "tenant.id": "general"})
    assert received(encoding, span).calls[0].tenant == "ours"


def test_an_empty_tenant_is_no_tenant(encoding: str) -> None:
    span = a_span({"tollbook.tenant": "", "tenant.id": ""}, resource={"tenant.id": "umbrella"})
    assert received(encoding, span).calls[0].tenant == "umbrella"


@pytest.mark.parametrize(
    ("attributes", "changes", "path"),
    [
        ({"gen_ai.usage.input_tokens": -1}, {}, "gen_ai.usage.input_tokens"),
        ({"gen_ai.usage.input_tokens": 1.5}, {}, "gen_ai.usage.input_tokens"),
        ({"gen_ai.usage.input_tokens": True}, {}, "gen_ai.usage.input_tokens"),
        ({"gen_ai.usage.output_tokens": "many"}, {}, "gen_ai.usage.output_tokens"),
        ({"gen_ai.usage.output_tokens": 2**62}, {}, "gen_ai.usage.output_tokens"),
        ({"gen_ai.request.model": None}, {}, "gen_ai.request.model"),
        ({"tollbook.attempt": -1}, {}, "tollbook.attempt"),
        (
            {"gen_ai.response.time_to_first_chunk": "soon"},
            {},
            "gen_ai.response.time_to_first_chunk",
        ),
        ({}, {"end_unix_nanos": START_NANOS - 1}, "end_time_unix_nano"),
        ({}, {"start_unix_nanos": 2**64 - 1}, "start_time_unix_nano"),
    ],
)
def test_a_malformed_span_hurts_only_itself(
    encoding: str, attributes: dict[str, Any], changes: dict[str, Any], path: str
) -> None:
    result = received(encoding, a_span(), a_span(attributes, **changes), a_span())
    assert result.positions == [0, 2]
    refusal = result.refusals[0]
    assert (refusal.index, refusal.path, refusal.tenant) == (1, path, "acme")


@pytest.mark.parametrize("attribute", ["gen_ai.prompt", "gen_ai.input.messages", "input.value"])
def test_content_is_never_kept_as_evidence(encoding: str, attribute: str) -> None:
    span = a_span({attribute: SECRET, "gen_ai.usage.input_tokens": -1})
    refusal = received(encoding, span).refusals[0]
    assert SECRET not in (refusal.payload or "")
    assert json.loads(refusal.payload or "")["gen_ai.usage.input_tokens"] == -1


def test_content_is_no_part_of_a_call(encoding: str) -> None:
    span = a_span({"gen_ai.output.messages": SECRET, "llm.output_messages.0.content": SECRET})
    assert SECRET not in repr(received(encoding, span).calls[0])


def test_lists_where_a_text_is_expected_count_as_nothing(encoding: str) -> None:
    span = a_span({"gen_ai.response.model": ["a", "b"], "tollbook.feature": ["search"]})
    call = received(encoding, span).calls[0]
    assert (call.model, call.feature) == ("gpt-4o-mini", "")


def test_spans_that_are_no_calls_are_counted_as_ignored(encoding: str) -> None:
    agent = a_span({"gen_ai.operation.name": "invoke_agent"})
    other = {"attributes": {"http.request.method": "GET"}}
    result = received(encoding, agent, other, a_span())
    assert (result.ignored, result.positions, result.refusals) == (2, [2], [])


def test_a_span_that_never_ended_has_no_duration(encoding: str) -> None:
    assert received(encoding, a_span(end_unix_nanos=0)).calls[0].duration_seconds is None


@pytest.mark.parametrize("figure", ["free", "NaN", -0.5, 1e30, True])
def test_a_reported_cost_that_is_none_is_left_out(encoding: str, figure: str | float) -> None:
    call = received(encoding, a_span({"tollbook.reported_cost_usd": figure})).calls[0]
    assert call.reported_cost_pico_usd is None


def test_an_empty_request_holds_nothing(encoding: str) -> None:
    result = received(encoding)
    assert (result.calls, result.refusals, result.ignored) == ([], [], 0)


def test_a_body_that_is_no_request_is_unreadable(encoding: str) -> None:
    decode = decode_protobuf if encoding == "protobuf" else decode_json
    whole = protobuf_request(a_span()) if encoding == "protobuf" else json_request(a_span())
    for body in (b"\xff\xff\xff", b"not a request", whole[:-1], whole[: len(whole) // 2]):
        with pytest.raises(UnreadableBody):
            decode(body)
