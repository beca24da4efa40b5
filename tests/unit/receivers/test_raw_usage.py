"""Calls whose usage is the provider's own object, over POST /v1/calls, log lines and OTLP logs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.receivers.log_lines import call_in
from ledger.domain.calls import Call
from ledger.domain.usage import NO_USAGE, Usage
from tests.decoders.calls_json import decode_json
from tests.factories.calls import a_record
from tests.unit.pricing.usages.goldens import GOLDENS
from tests.unit.receivers.signals import requests

RAW = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "prompt_tokens_details": {"cached_tokens": 1920},
    "completion_tokens_details": {"reasoning_tokens": 128},
}
DISJOINT = {
    "input_tokens": 86,
    "cache_read_tokens": 1920,
    "output_tokens": 172,
    "reasoning_tokens": 128,
}


def the_call(**changes: Any) -> Call:
    received = decode_json(json.dumps(a_record(**{"usage": None, **changes})).encode())
    assert received.refusals == []
    return received.calls[0]


def the_reason(**changes: Any) -> tuple[str, str]:
    (refusal,) = decode_json(json.dumps(a_record(**changes)).encode()).refusals
    return refusal.path, refusal.reason


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS)
def test_a_providers_usage_is_taken_apart_and_kept_as_it_came(golden: dict[str, Any]) -> None:
    call = the_call(
        provider=golden["provider"],
        model=golden["model"],
        operation=golden["operation"],
        raw_usage=golden["usage"],
    )
    assert dict(call.usage.reported()) == golden["expected"]
    assert call.raw_usage == golden["usage"]


def test_the_provider_is_inferred_from_the_model() -> None:
    grok = {
        "prompt_tokens": 40,
        "completion_tokens": 11,
        "completion_tokens_details": {"reasoning_tokens": 112},
    }
    call = the_call(provider=None, model="grok-4", raw_usage=grok)
    assert call.usage == Usage(input_tokens=40, output_tokens=11, reasoning_tokens=112)


def test_usage_beside_it_may_say_the_same_or_less() -> None:
    for usage in (DISJOINT, {"input_tokens": 86}, {"input_tokens": 86, "output_audio_tokens": 0}):
        call = the_call(usage=usage, raw_usage=RAW)
        assert (call.usage, call.raw_usage) == (Usage(**DISJOINT), RAW)


def test_usage_that_says_something_else_is_refused() -> None:
    path, reason = the_reason(usage={"input_tokens": 2006, "output_tokens": 300}, raw_usage=RAW)
    assert path == "raw_usage"
    assert reason == "says 86 input_tokens where usage says 2006; send one of them"
    assert the_reason(usage={**DISJOINT, "input_image_tokens": 3}, raw_usage=RAW)[0] == "raw_usage"


def test_an_object_that_tells_no_tokens_is_kept_and_usage_stands() -> None:
    raw = {"type": "duration", "seconds": 12}
    assert (the_call(raw_usage=raw).usage, the_call(raw_usage=raw).raw_usage) == (NO_USAGE, raw)
    assert the_call(usage={"input_tokens": 5}, raw_usage=raw).usage == Usage(input_tokens=5)


def test_nothing_is_nothing() -> None:
    empty: dict[str, Any] = {}
    for raw in (None, empty):
        assert (the_call(raw_usage=raw).usage, the_call(raw_usage=raw).raw_usage or None) == (
            NO_USAGE,
            None,
        )


def test_the_object_may_come_as_json_in_a_text() -> None:
    call = the_call(raw_usage=json.dumps(RAW))
    assert (call.usage, call.raw_usage) == (Usage(**DISJOINT), RAW)


@pytest.mark.parametrize(
    ("raw", "path", "reason"),
    [
        ([RAW], "raw_usage", "Expected `object`"),
        (7, "raw_usage", "Expected `object`"),
        ("no JSON", "raw_usage", "malformed"),
        ("[1]", "raw_usage", "Expected `object`"),
        ({"prompt_tokens": -1}, "raw_usage.prompt_tokens", "negative"),
        (
            {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": "many"}},
            "raw_usage.prompt_tokens_details.cached_tokens",
            "whole number",
        ),
        ({"prompt_tokens": 1, "x": [[] for _ in range(9)]}, "raw_usage", "objects and lists"),
        ({"prompt_tokens": 1, "note": "x" * 17_000}, "raw_usage", "larger than 16384 bytes"),
    ],
)
def test_what_is_wrong_with_it_is_named(raw: Any, path: str, reason: str) -> None:
    told = the_reason(raw_usage=raw)
    assert told[0] == path
    assert reason in told[1]


def test_a_refused_record_keeps_the_counts_and_no_texts() -> None:
    raw = {**RAW, "prompt_tokens": -1, "text": "my darkest secret", "list": ["secret"]}
    (refusal,) = decode_json(json.dumps(a_record(raw_usage=raw)).encode()).refusals
    kept = json.loads(refusal.payload or "")
    assert kept["raw_usage.prompt_tokens"] == -1
    assert kept["raw_usage.prompt_tokens_details.cached_tokens"] == 1920
    assert "secret" not in (refusal.payload or "")


def test_a_log_line_may_hold_it() -> None:
    line = json.dumps({"message": "done", **a_record(usage=None, raw_usage=RAW)}).encode()
    found = call_in(line)
    assert found is not None
    (call,) = decode_json(found).calls
    assert call.usage == Usage(**DISJOINT)


@pytest.mark.parametrize("encoding", requests.ENCODINGS)
def test_a_log_record_may_hold_it_as_text_as_maps_and_as_attributes(encoding: str) -> None:
    gemini = next(g for path, g in GOLDENS.items() if path == "gemini/audio_partly_cached.json")
    record = {"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": gemini["model"]}
    record |= {"provider": "gcp.gemini", "raw_usage": gemini["usage"]}
    flat = {f"tollbook.{name}": value for name, value in record.items() if name != "raw_usage"}
    bodies: list[dict[str, Any]] = [
        {"body": json.dumps(record)},
        {"body": record},
        {"attributes": {**flat, "tollbook.raw_usage": json.dumps(gemini["usage"])}},
    ]
    for described in bodies:
        (call,) = requests.received(encoding, described).calls
        assert dict(call.usage.reported()) == gemini["expected"]
        assert call.raw_usage == gemini["usage"]
    parts = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details.cached_tokens": 5}
    flat |= {"tollbook.provider": "openai"}
    flat |= {f"tollbook.raw_usage.{name}": count for name, count in parts.items()}
    (call,) = requests.received(encoding, {"attributes": flat}).calls
    assert call.usage == Usage(input_tokens=2, cache_read_tokens=5, output_tokens=2)


@pytest.mark.parametrize("encoding", requests.ENCODINGS)
def test_a_map_too_large_to_be_usage_is_refused_by_name(encoding: str) -> None:
    raw = {"prompt_tokens": 3, "more": {f"{n}": "x" * 250 for n in range(300)}}
    body = {"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": "m", "raw_usage": raw}
    (refusal,) = requests.received(encoding, {"body": body}).refusals
    assert "larger than 16384 bytes" in refusal.reason


@pytest.mark.parametrize("encoding", requests.ENCODINGS)
def test_maps_that_lie_too_deep_in_it_are_left_out(encoding: str) -> None:
    deep: dict[str, Any] = {"n": 1}
    for _ in range(8):
        deep = {"within_the_details_of": deep, "of_which": ["some counts of tokens"]}
    record = {"tenant": "acme", "started_at": "2026-11-02T09:30:00Z", "model": "gpt-4o-mini"}
    described = {"body": {**record, "raw_usage": {"prompt_tokens": 3, "more": deep}}}
    (call,) = requests.received(encoding, described).calls
    assert call.usage == Usage(input_tokens=3)
    assert str(call.raw_usage).count("within") == 4
