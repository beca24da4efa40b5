from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger.domain.calls import Call
from ledger.domain.errors import UnreadableBody
from ledger.domain.usage import Usage
from tests.decoders.logs import decode_json, decode_protobuf
from tests.factories.calls import START
from tests.unit.receivers.signals.requests import (
    ENCODINGS,
    NANOS,
    SPAN_ID,
    TRACE_ID,
    an_event,
    received,
)

SECRET = "the prompt nobody may see"

pytestmark = pytest.mark.parametrize("encoding", ENCODINGS)


def the_call(encoding: str, event: dict[str, Any]) -> Call:
    result = received(encoding, event)
    assert not result.refusals
    (call,) = result.calls
    return call


def test_an_event_becomes_a_call_of_the_span_it_was_emitted_in(encoding: str) -> None:
    call = the_call(encoding, an_event(scope="opentelemetry.util.genai"))
    assert call == Call(
        tenant="acme",
        id=call.id,
        started_at=START,
        provider="openai",
        model="gpt-4o-mini-2024-07-18",
        request_model="gpt-4o-mini",
        usage=Usage(input_tokens=1000, output_tokens=100),
        raw_usage={"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100},
        trace_id=TRACE_ID,
        parent_span_id=SPAN_ID,
        response_id="chatcmpl-1",
        dialect="otel_genai_event",
        receiver="logs",
        scope="opentelemetry.util.genai",
    )


def test_an_event_named_by_its_attribute_is_the_same(encoding: str) -> None:
    named = {"event.name": "gen_ai.client.inference.operation.details"}
    assert the_call(encoding, an_event(named, event_name="")) == the_call(encoding, an_event())


def test_both_encodings_give_an_event_the_same_id(encoding: str) -> None:
    assert the_call(encoding, an_event()).id == the_call("json", an_event()).id


@pytest.mark.parametrize(
    "other",
    [
        an_event(time=NANOS + 1),
        an_event(trace_id=TRACE_ID[::-1]),
        an_event(span_id=SPAN_ID[::-1]),
        an_event({"gen_ai.response.id": "chatcmpl-2"}),
    ],
)
def test_another_event_has_another_id(encoding: str, other: dict[str, Any]) -> None:
    assert the_call(encoding, other).id != the_call(encoding, an_event()).id


def test_attributes_added_on_the_way_leave_the_id_as_it_is(encoding: str) -> None:
    enriched = an_event({"tollbook.feature": "search"})
    assert the_call(encoding, enriched).id == the_call(encoding, an_event()).id


def test_without_span_and_response_the_attributes_tell_events_apart(encoding: str) -> None:
    nowhere: dict[str, Any] = {"trace_id": "", "span_id": ""}
    first, second = (
        the_call(
            encoding,
            an_event({"gen_ai.response.id": None, "gen_ai.usage.input_tokens": count}, **nowhere),
        )
        for count in (1, 2)
    )
    assert first.id != second.id
    assert (first.trace_id, first.parent_span_id) == (None, None)


def test_an_id_of_the_senders_wins(encoding: str) -> None:
    assert the_call(encoding, an_event({"tollbook.id": "mine"})).id == "mine"


def test_an_event_without_a_time_is_taken_when_it_was_observed(encoding: str) -> None:
    call = the_call(encoding, an_event(time=0, observed=NANOS + 10**9))
    assert call.started_at == START + timedelta(seconds=1)


def test_an_event_that_nobody_knows_the_time_of_is_refused(encoding: str) -> None:
    (refusal,) = received(encoding, an_event(time=0)).refusals
    assert (refusal.path, refusal.tenant) == ("time_unix_nano", "acme")


def test_an_error_is_a_failed_call(encoding: str) -> None:
    call = the_call(encoding, an_event({"error.type": "429"}))
    assert (call.status, call.error_type) == ("error", "429")


def test_the_tenant_may_stand_on_the_resource_or_come_from_the_key(encoding: str) -> None:
    unsaid = an_event({"tenant.id": None})
    on_resource = {**unsaid, "resource": {"tenant.id": "globex"}}
    assert the_call(encoding, on_resource).tenant == "globex"
    assert received(encoding, unsaid, default_tenant="initech").calls[0].tenant == "initech"
    (refusal,) = received(encoding, unsaid).refusals
    assert refusal.path == "tenant.id"


@pytest.mark.parametrize(
    ("name", "value"), [("trace_id", "0102030405"), ("span_id", "01" * 9), ("trace_id", "01" * 17)]
)
def test_an_id_of_the_wrong_length_identifies_nothing(encoding: str, name: str, value: str) -> None:
    (refusal,) = received(encoding, {**an_event(), name: value}).refusals
    assert refusal.path == name
    assert "bytes" in refusal.reason


def test_with_an_id_of_the_senders_a_wrong_trace_id_is_left_out(encoding: str) -> None:
    call = the_call(encoding, an_event({"tollbook.id": "mine"}, trace_id="0102030405"))
    assert (call.id, call.trace_id) == ("mine", None)


def test_ids_of_zeros_mean_that_there_is_none(encoding: str) -> None:
    call = the_call(encoding, an_event(trace_id="0" * 32, span_id="0" * 16))
    assert (call.trace_id, call.parent_span_id) == (None, None)


@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.user.message",
        "gen_ai.system.message",
        "gen_ai.assistant.message",
        "gen_ai.tool.message",
        "gen_ai.choice",
        "gen_ai.evaluation.result",
    ],
)
def test_events_of_single_messages_are_ignored(encoding: str, name: str) -> None:
    own = '{"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": "m"}'
    message = an_event({"gen_ai.input.messages": SECRET}, event_name=name, body=own)
    result = received(encoding, message, an_event())
    assert (result.ignored, len(result.calls), result.positions) == (1, 1, [1])


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool"])
def test_an_agents_step_is_no_call(encoding: str, operation: str) -> None:
    assert received(encoding, an_event({"gen_ai.operation.name": operation})).ignored == 1


def test_content_is_neither_part_of_a_call_nor_kept_as_evidence(encoding: str) -> None:
    content = {
        "gen_ai.input.messages": [{"role": "user", "content": SECRET}],
        "gen_ai.output.messages": SECRET,
        "gen_ai.system_instructions": SECRET,
    }
    good = an_event(content, body={"messages": SECRET})
    bad = an_event({**content, "gen_ai.usage.input_tokens": "many"}, body=SECRET)
    result = received(encoding, good, bad)
    assert len(result.calls) == len(result.refusals) == 1
    assert SECRET not in repr(result)


def test_a_bad_count_names_its_attribute_and_hurts_only_its_record(encoding: str) -> None:
    bad = an_event({"gen_ai.usage.output_tokens": "many"})
    result = received(encoding, bad, an_event())
    assert result.refusals[0].path == "gen_ai.usage.output_tokens"
    assert result.positions == [1]


def test_other_log_records_are_ignored(encoding: str) -> None:
    plain = {"body": "served 200", "attributes": {"http.route": "/chat"}, "time": NANOS}
    assert received(encoding, plain, {"body": {"started_at": "now"}}, {}).ignored == 3


def test_a_body_that_is_no_request_is_unreadable(encoding: str) -> None:
    decode = decode_protobuf if encoding == "protobuf" else decode_json
    with pytest.raises(UnreadableBody, match="ExportLogsServiceRequest"):
        decode(b"\x0a\x05hello" if encoding == "protobuf" else b'{"resourceLogs": 7}')
