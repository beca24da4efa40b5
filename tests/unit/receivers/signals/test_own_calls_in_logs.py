from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ledger.domain.usage import Usage
from tests.decoders import calls_json
from tests.unit.receivers.signals.requests import ENCODINGS, NANOS, SPAN_ID, TRACE_ID, received

RECORD: dict[str, Any] = {
    "tenant": "acme",
    "started_at": "2026-11-02T09:30:00+00:00",
    "model": "gpt-4o-mini",
    "usage": {"input_tokens": 1000, "output_tokens": 100},
    "duration_seconds": 1.5,
    "reported_cost_usd": "0.00021",
    "cache_hit": False,
    "tags": {"team": "red"},
}

pytestmark = pytest.mark.parametrize("encoding", ENCODINGS)


def as_attributes(record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"tollbook.{name}.{part}".rstrip("."): said for part, said in parts}
    return flat


FORMS: dict[str, dict[str, Any]] = {
    "text": {"body": json.dumps(RECORD)},
    "map": {"body": RECORD},
    "attributes": {"body": "llm call", "attributes": as_attributes(RECORD)},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_call_in_a_log_is_what_the_calls_entrance_makes_of_it(encoding: str, form: str) -> None:
    (expected,) = calls_json.decode_json(json.dumps(RECORD).encode()).calls
    (call,) = received(encoding, FORMS[form]).calls
    changes = {"receiver": "logs", "id": expected.id if form == "text" else call.id}
    assert call == msgspec.structs.replace(expected, **changes)
    assert call.usage == Usage(input_tokens=1000, output_tokens=100)


@pytest.mark.parametrize("form", FORMS)
def test_the_same_record_has_the_same_id_again(encoding: str, form: str) -> None:
    assert received(encoding, FORMS[form]).calls == received("json", FORMS[form]).calls


def test_a_call_in_a_log_belongs_to_the_span_of_its_record(encoding: str) -> None:
    within = {**FORMS["map"], "trace_id": TRACE_ID, "span_id": SPAN_ID, "scope": "my.logger"}
    (call,) = received(encoding, within).calls
    assert (call.trace_id, call.span_id, call.parent_span_id) == (TRACE_ID, None, SPAN_ID)
    assert call.scope == "my.logger"


def test_a_call_that_names_its_span_keeps_it(encoding: str) -> None:
    named = {**RECORD, "trace_id": "a" * 32, "span_id": "b" * 16}
    (call,) = received(encoding, {"body": named, "trace_id": TRACE_ID, "span_id": SPAN_ID}).calls
    assert (call.trace_id, call.span_id, call.parent_span_id) == ("a" * 32, "b" * 16, None)
    assert call.id == "a" * 32 + "b" * 16


def test_the_resource_says_what_the_record_leaves_out(encoding: str) -> None:
    resource = {"tenant.id": "globex", "service.name": "api", "cloud.region": "eu-central-1"}
    without = {name: value for name, value in RECORD.items() if name != "tenant"}
    (call,) = received(encoding, {"body": {**without, "region": "us"}, "resource": resource}).calls
    assert (call.tenant, call.service, call.region) == ("globex", "api", "us")


@pytest.mark.parametrize("form", ["text", "map"])
def test_what_is_wrong_with_a_call_is_named(encoding: str, form: str) -> None:
    bad = {**RECORD, "usage": {"input_tokens": -1}, "messages": ["secret"]}
    body = json.dumps(bad) if form == "text" else bad
    (refusal,) = received(encoding, {"body": body}).refusals
    assert (refusal.path, refusal.tenant) == ("usage.input_tokens", "acme")
    assert "secret" not in (refusal.payload or "")


def test_a_cut_call_is_refused_and_not_ignored(encoding: str) -> None:
    (refusal,) = received(encoding, {"body": json.dumps(RECORD)[:-5]}).refusals
    assert refusal.path == "record"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "started_at",
        '["started_at"]',
        '{"started_at": "2026-11-02T09:30:00Z", "job": "vacuum"}',
        '{"started_at": "2026-11-02T09:30:00Z", "model": "resnet"}',
        '{"started_at": "2026-11-02T09:30:00Z", "tenant": "acme"}',
        '{"started_at": "2026-',
        {"started_at": "2026-11-02T09:30:00Z", "tenant": "acme"},
        ["started_at", "tenant", "model"],
        7,
    ],
)
def test_logs_that_only_resemble_a_call_are_ignored(encoding: str, body: Any) -> None:
    assert received(encoding, {"body": body, "time": NANOS}).ignored == 1


def test_our_names_on_any_log_record_make_it_no_call(encoding: str) -> None:
    context = {"tollbook.tenant": "acme", "tollbook.feature": "search", "tollbook.model": "m"}
    assert received(encoding, {"body": "hello", "attributes": context}).ignored == 1
