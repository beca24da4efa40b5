"""Bodies of loads: what is measured must be what is claimed."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from benchmarks.load.calls import LoadCall, Mix, call_at
from benchmarks.load.requests import FORMS, Template, http_request
from ledger.domain.calls import Call
from tests.decoders import calls_json, traces

MIX = Mix(start_unix_seconds=1_793_600_000)
URL = "http://127.0.0.1:4318"
DECODERS = {"otlp": traces.decode_protobuf, "ndjson": calls_json.decode_ndjson}
ONLY_IN_SPANS = {"dialect", "receiver", "scope"}


def decoded(form: str, request: bytes) -> list[Call]:
    """The calls in a request's body, none of them refused."""
    received = DECODERS[form](request.partition(b"\r\n\r\n")[2], None)
    assert received.refusals == []
    return list(received.calls)


def calls_of(numbers: range) -> list[LoadCall]:
    return [call_at(MIX, number) for number in numbers]


def test_a_span_and_its_json_record_are_the_same_call() -> None:
    calls = calls_of(range(500))
    spans, records = (
        decoded(form, http_request(URL, FORMS[form], calls)) for form in ("otlp", "ndjson")
    )

    for span, record in zip(spans, records, strict=True):
        differing = {
            name for name in span.__struct_fields__ if getattr(span, name) != getattr(record, name)
        }
        assert differing <= ONLY_IN_SPANS
    assert [call.id for call in records] == [call.call_id for call in calls]
    assert {call.status for call in records} == {"ok", "error"}


@pytest.mark.parametrize("form", ["otlp", "ndjson"])
def test_a_template_becomes_new_calls_that_differ_in_their_ids_only(form: str) -> None:
    template = Template(URL, FORMS[form], calls_of(range(64)))
    seen: dict[str, Call] = {}
    responses: set[str | None] = set()
    for number in (1, 2, 3 << 32):
        template.stamp(number)
        for call in decoded(form, bytes(template.request)):
            seen[call.id] = call
            responses.add(call.response_id)
    assert len(seen) == len(responses) == 3 * 64
    like = {
        msgspec.structs.replace(call, id="", trace_id=None, response_id=None, raw_usage=None)
        for call in seen.values()
    }
    assert len(like) == 64


@pytest.mark.parametrize("form", ["otlp", "ndjson"])
def test_a_live_template_differs_in_its_times_only_and_ends_now(form: str) -> None:
    calls = calls_of(range(64))
    template = Template(URL, FORMS[form], calls)
    before = decoded(form, bytes(template.request))
    ends = [call.started_unix_micros + call.duration_micros for call in calls]
    latest = max(call.started_unix_micros for call in calls) if form == "ndjson" else max(ends)
    template.stamp_time(latest + 3_600_000_000)

    after = decoded(form, bytes(template.request))
    assert after == [
        msgspec.structs.replace(call, started_at=call.started_at + timedelta(hours=1))
        for call in before
    ]
