from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from ledger.domain.calls import Call
from ledger.domain.errors import UnreadableBody
from ledger.domain.usage import NO_USAGE, Usage
from tests.decoders.calls_json import decode_json, decode_ndjson
from tests.factories.calls import START, a_record


def body(*records: Any) -> bytes:
    return json.dumps(records[0] if len(records) == 1 else records).encode()


def the_call(record: dict[str, Any], default_tenant: str | None = None) -> Call:
    received = decode_json(body(record), default_tenant)
    assert received.refusals == []
    return received.calls[0]


def test_a_record_becomes_a_call_field_by_field() -> None:
    fields: dict[str, Any] = {
        "tenant": "acme",
        "id": "call-1",
        "started_at": "2026-11-02T10:30:00.123456+01:00",
        "provider": "openai",
        "model": "gpt-4o-mini-2024-07-18",
        "request_model": "gpt-4o-mini",
        "operation": "text_completion",
        "status": "error",
        "error_type": "timeout",
        "usage": {"input_tokens": 10, "cache_read_tokens": 90, "output_tokens": 5},
        "duration_seconds": 1.5,
        "time_to_first_token_seconds": 0.25,
        "feature": "search",
        "service": "api",
        "environment": "production",
        "region": "eu-central-1",
        "user": "u1",
        "session": "s1",
        "prompt_name": "answer",
        "prompt_version": "v7",
        "service_tier": "batch",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "operation_id": "op-1",
        "attempt": 2,
        "response_id": "resp-1",
        "reservation_id": "res-1",
        "cache_hit": False,
        "verdict": "accepted",
        "tags": {"team": "red"},
    }
    call = the_call({**fields, "reported_cost_usd": "0.00021"})
    assert call.started_at == START + timedelta(microseconds=123456)
    assert call.usage == Usage(input_tokens=10, cache_read_tokens=90, output_tokens=5)
    assert call.reported_cost_pico_usd == 210_000_000
    for name in fields.keys() - {"started_at", "usage"}:
        assert getattr(call, name) == fields[name]


def test_the_least_a_record_needs_is_tenant_time_and_model() -> None:
    record = {"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": "claude-opus-4-6"}
    call = the_call(record)
    assert (call.provider, call.operation, call.status) == ("anthropic", "chat", "ok")
    assert call.usage == NO_USAGE
    assert call.duration_seconds is None


def test_a_failed_call_needs_no_model() -> None:
    record = {"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "error_type": "429"}
    call = the_call(record)
    assert (call.status, call.model, call.provider) == ("error", "unknown", "unknown")


def test_the_requested_model_stands_in_for_the_answering_one() -> None:
    call = the_call(a_record(model=None, request_model="gpt-4o-mini"))
    assert call.model == "gpt-4o-mini"


def test_the_default_tenant_is_for_records_that_name_none() -> None:
    assert the_call(a_record(tenant=None), "fallback").tenant == "fallback"
    assert the_call(a_record(tenant="acme"), "fallback").tenant == "acme"


def test_unknown_fields_are_ignored() -> None:
    record = a_record(id="same")
    usage = {**record["usage"], "future_tokens": 7}
    more = {**record, "messages": [{"content": "hi"}], "temperature": 0.2, "usage": usage}
    assert the_call(more) == the_call(record)


def test_opentelemetrys_inclusive_counts_are_taken_apart_and_kept() -> None:
    sent = {
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 600,
        "gen_ai.usage.cache_creation.input_tokens": 300,
        "gen_ai.usage.reasoning.output_tokens": 40,
    }
    call = the_call(a_record(usage=sent))
    assert call.usage == Usage(
        input_tokens=100,
        cache_read_tokens=600,
        cache_write_5m_tokens=300,
        output_tokens=60,
        reasoning_tokens=40,
    )
    assert call.raw_usage == sent


def test_a_call_without_an_id_is_named_by_its_trace_and_span() -> None:
    call = the_call(a_record(id=None, trace_id="ab" * 16, span_id="cd" * 8))
    assert call.id == "ab" * 16 + "cd" * 8


def test_a_call_without_any_name_is_named_by_its_content() -> None:
    record, other = a_record(id=None), a_record(id=None, feature="search")
    assert the_call(record).id == the_call(record).id
    assert the_call(record).id != the_call(other).id


def test_a_content_name_does_not_depend_on_how_the_record_was_sent() -> None:
    line = json.dumps(a_record(id=None)).encode()
    ids = [
        decode_json(line).calls[0].id,
        decode_json(b" [ " + line + b" ]").calls[0].id,
        decode_ndjson(line + b"\r\n").calls[0].id,
    ]
    assert len(set(ids)) == 1


def test_an_array_keeps_the_order_and_positions_of_its_calls() -> None:
    received = decode_json(body(a_record(id="a"), a_record(started_at="now"), a_record(id="c")))
    assert [call.id for call in received.calls] == ["a", "c"]
    assert received.positions == [0, 2]
    assert [refusal.index for refusal in received.refusals] == [1]


def test_ndjson_skips_empty_lines_and_accepts_windows_line_ends() -> None:
    lines = [json.dumps(a_record(id=name)).encode() for name in ("a", "b")]
    received = decode_ndjson(b"\n" + lines[0] + b"\r\n\n  \n" + lines[1] + b"\n")
    assert [call.id for call in received.calls] == ["a", "b"]
    assert received.positions == [0, 1]
    assert received.refusals == []


def test_an_empty_array_holds_nothing() -> None:
    received = decode_json(b"[]")
    assert (received.calls, received.refusals, received.ignored) == ([], [], 0)


@pytest.mark.parametrize(
    "unreadable",
    [
        b"",
        b"  \n ",
        b"not json",
        b"[",
        b"[{]",
        b'{"tenant": "acme"',
        b'{"tenant": "acme"} {"tenant": "acme"}',
        b"NaN",
        b'{"duration_seconds": NaN}',
        b"\xff\xfe{",
        b"\x00",
        b"{" + b'"a":{' * 100_000,
    ],
)
def test_a_body_that_is_no_json_is_unreadable(unreadable: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode_json(unreadable)


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"feature": "cut \\ud83d"}',
        b'{"feature": "line\nbreak"}',
        b'{"duration_seconds": Infinity}',
        b'{"a": ' * 2000 + b"1" + b"}" * 2000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"tags": {"text": "a ] } , \\" \\ud83d"}}',
        b"",
    ],
)
def test_a_damaged_element_of_an_array_hurts_only_itself(damaged: bytes) -> None:
    good = body(a_record())
    received = decode_json(b"[" + good + b"," + damaged + b" ," + good + b"]")
    assert received.positions == [0, 2]
    assert [refusal.index for refusal in received.refusals] == [1]


@pytest.mark.parametrize("scalar", [b"3", b'"text"', b"null", b"true"])
def test_json_that_is_no_record_is_refused(scalar: bytes) -> None:
    received = decode_json(scalar)
    assert received.calls == []
    assert "Expected `object`" in received.refusals[0].reason


@pytest.mark.parametrize(
    ("trace_id", "span_id"),
    [("0" * 32, "b" * 16), ("a" * 32, "0" * 16), ("a" * 10, "b" * 16), ("a" * 33, "b" * 15),
     ("trace", "span"), ("g" * 32, "b" * 16)],
)  # fmt: skip
def test_ids_that_are_none_do_not_make_calls_copies_of_each_other(
    trace_id: str, span_id: str
) -> None:
    records = [
        a_record(id=None, trace_id=trace_id, span_id=span_id, user=user) for user in ("one", "two")
    ]
    first, second = decode_json(json.dumps(records).encode()).calls
    assert first.id != second.id
    assert (first.trace_id, first.span_id) == (trace_id, span_id)


def test_upper_case_ids_name_the_same_call_as_its_span() -> None:
    record = a_record(id=None, trace_id="AB" * 16, span_id="CD" * 8)
    assert decode_json(json.dumps(record).encode()).calls[0].id == "ab" * 16 + "cd" * 8
