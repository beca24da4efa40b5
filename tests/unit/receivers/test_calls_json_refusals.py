from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.domain.calls import Refusal
from ledger.domain.errors import UnreadableBody
from ledger.domain.usage import MAX_TOKENS
from tests.decoders.calls_json import decode_json, decode_ndjson
from tests.factories.calls import a_record

GOOD = json.dumps(a_record(id="good")).encode()
SECRET = "the patient was told"


def line(**changes: Any) -> bytes:
    return json.dumps(a_record(**changes)).encode()


def nested(depth: int, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    return opening * depth + b"1" + closing * depth


def the_refusal(bad: bytes) -> Refusal:
    """Send a bad record between two good ones, which must be kept."""
    received = decode_ndjson(b"\n".join((GOOD, bad, GOOD)))
    assert received.positions == [0, 2]
    assert [call.id for call in received.calls] == ["good", "good"]
    assert [refusal.index for refusal in received.refusals] == [1]
    return received.refusals[0]


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ({"tenant": None}, "tenant"),
        ({"tenant": ""}, "tenant"),
        ({"tenant": 7}, "tenant"),
        ({"model": None}, "model"),
        ({"model": ["gpt-4o-mini"]}, "model"),
        ({"started_at": None}, "started_at"),
        ({"started_at": "2026-11-02T09:30:00"}, "started_at"),
        ({"started_at": "2026-11-02"}, "started_at"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": 1793611800}, "started_at"),
        ({"started_at": "2026-02-30T00:00:00Z"}, "started_at"),
        ({"status": "failed"}, "status"),
        ({"duration_seconds": "fast"}, "duration_seconds"),
        ({"duration_seconds": -0.1}, "duration_seconds"),
        ({"time_to_first_token_seconds": -1}, "time_to_first_token_seconds"),
        ({"usage": 5}, "usage"),
        ({"usage": {"input_tokens": -1}}, "usage.input_tokens"),
        ({"usage": {"output_tokens": MAX_TOKENS + 1}}, "usage.output_tokens"),
        ({"usage": {"output_tokens": 10**30}}, "usage.output_tokens"),
        ({"usage": {"input_tokens": 1.5}}, "usage.input_tokens"),
        ({"usage": {"input_tokens": "many"}}, "usage.input_tokens"),
        ({"usage": {"input_tokens": True}}, "usage.input_tokens"),
        ({"usage": {"gen_ai.usage.input_tokens": -1}}, "usage.gen_ai.usage.input_tokens"),
        ({"attempt": -1}, "attempt"),
        ({"attempt": 2**31}, "attempt"),
        ({"cache_hit": "yes"}, "cache_hit"),
        ({"tags": ["red"]}, "tags"),
        ({"reported_cost_usd": -1}, "reported_cost_usd"),
        ({"reported_cost_usd": "NaN"}, "reported_cost_usd"),
        ({"reported_cost_usd": "1e999999"}, "reported_cost_usd"),
        ({"reported_cost_usd": "9223373"}, "reported_cost_usd"),
        ({"reported_cost_usd": "free"}, "reported_cost_usd"),
    ],
)
def test_a_wrong_field_is_refused_by_its_path(bad: dict[str, Any], path: str) -> None:
    refusal = the_refusal(line(**bad))
    assert refusal.path == path
    assert refusal.reason


def test_a_record_without_a_start_is_refused() -> None:
    record = a_record()
    del record["started_at"]
    assert "started_at" in the_refusal(json.dumps(record).encode()).reason


@pytest.mark.parametrize(
    "bad",
    [
        b"not json",
        b'{"tenant": "acme"',
        GOOD.replace(b"1.5", b"NaN"),
        GOOD.replace(b"1.5", b"-Infinity"),
        GOOD.replace(b"good", rb"\ud800"),
        GOOD.replace(b"good", rb"\udc00\ud800"),
        GOOD + GOOD,
        b"\x00",
        b"[]",
        b"null",
    ],
)
def test_a_malformed_line_hurts_only_itself(bad: bytes) -> None:
    refusal = the_refusal(bad)
    assert refusal.tenant is None
    assert json.loads(refusal.payload or "") == {"unreadable_bytes": len(bad)}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (GOOD.replace(b"1.5", b"1e999"), "duration_seconds"),
        (GOOD.replace(b"good", b"\xff\xfe"), "id"),
        (GOOD.replace(b"good", b"\xed\xa0\x80"), "id"),
    ],
)
def test_one_unreadable_field_leaves_the_others_as_evidence(bad: bytes, field: str) -> None:
    refusal = the_refusal(bad)
    assert refusal.tenant == "acme"
    kept = json.loads(refusal.payload or "")
    assert kept.keys() == json.loads(GOOD).keys() - {field, "usage"} | {
        "usage.input_tokens",
        "usage.output_tokens",
    }


@pytest.mark.parametrize("depth", [200, 600, 900, 1_500, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]"), (b'[{"a":', b"}]")]
)
def test_deep_nesting_hurts_only_its_record(depth: int, opening: bytes, closing: bytes) -> None:
    deep = nested(depth, opening, closing)
    refusal = the_refusal(b'{"tenant": "acme", "tags": {"t": ' + deep + b"}}")
    assert refusal.reason


def test_invalid_utf8_in_an_array_hurts_only_its_record() -> None:
    received = decode_json(b"[" + GOOD.replace(b"openai", b"\xff") + b"," + GOOD + b"]")
    assert received.positions == [1]
    assert [refusal.index for refusal in received.refusals] == [0]


def test_the_evidence_names_the_tenant_and_what_was_sent() -> None:
    refusal = the_refusal(line(id="bad", status="failed"))
    assert refusal.tenant == "acme"
    kept = json.loads(refusal.payload or "")
    assert (kept["id"], kept["status"], kept["model"]) == ("bad", "failed", "gpt-4o-mini")


@pytest.mark.parametrize(
    "content",
    [
        {"prompt": SECRET},
        {"messages": [{"role": "user", "content": SECRET}]},
        {"completion": {"text": SECRET}},
        {"gen_ai.input.messages": SECRET},
        {"usage": {"input_tokens": -1, "prompt": SECRET}},
        {"tags": {"messages": [{"role": "user", "content": SECRET}]}},
        {"tags": {"input": {"prompt": SECRET}}},
        {"tags": [SECRET]},
        {"user": {"said": SECRET}},
        {"model": [SECRET]},
    ],
)
def test_content_is_never_kept_as_evidence(content: dict[str, Any]) -> None:
    refusal = the_refusal(line(**{"status": "failed", **content}))
    assert SECRET not in (refusal.payload or "")
    assert SECRET not in refusal.reason


def test_evidence_is_bounded() -> None:
    long = "x" * 100_000
    refusal = the_refusal(line(status="failed", feature=long, tags={"t": long, long: long}))
    assert len(refusal.payload or "") <= 4096
    assert (
        json.loads(the_refusal(line(status="failed", feature=long)).payload or "")["feature"]
        == "x" * 200
    )


def test_millions_of_lines_that_are_too_short_for_calls_are_refused_as_a_whole() -> None:
    for body in (b"{}\n" * 2**19, b"\n" * 2**21):
        with pytest.raises(UnreadableBody, match="those are no calls"):
            decode_ndjson(body)


def test_blank_lines_between_many_calls_are_passed_over() -> None:
    received = decode_ndjson((GOOD + b"\r\n\r\n") * 2**14)
    assert len(received.calls) == 2**14


def test_a_refusal_quotes_no_more_than_a_line_of_what_was_sent() -> None:
    assert len(the_refusal(line(status="x" * 100_000)).reason) <= 1000


def test_arrays_of_millions_of_elements_too_short_for_calls_are_refused_as_a_whole() -> None:
    for element in (b"{},", b'{"a":"bcde"},'):
        with pytest.raises(UnreadableBody, match="those are no calls"):
            decode_json(b"[" + element * 2**18 + b"{}]")
