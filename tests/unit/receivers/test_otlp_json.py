from __future__ import annotations

import json
from typing import Any

import pytest

from collector.receivers.received import Received
from ledger.domain.errors import UnreadableBody
from tests.decoders.traces import decode_json
from tests.unit.receivers.otlp import START_NANOS, a_span, json_request

GOOD = json.loads(json_request(a_span()))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]


def decode(*spans: Any) -> Received:
    request = {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}
    return decode_json(json.dumps(request).encode())


def with_attribute(name: str, value: Any) -> dict[str, Any]:
    return {**GOOD, "attributes": [*GOOD["attributes"], {"key": name, "value": value}]}


@pytest.mark.parametrize(
    "broken",
    [
        5,
        None,
        {**GOOD, "attributes": "none"},
        {**GOOD, "attributes": [{"value": {"stringValue": "no key"}}]},
        {**GOOD, "traceId": 12},
        {**GOOD, "startTimeUnixNano": [1]},
        with_attribute("gen_ai.response.model", {"stringValue": 5}),
        with_attribute("gen_ai.usage.input_tokens", {"intValue": "-5"}),
    ],
)
def test_a_span_of_the_wrong_shape_hurts_only_itself(broken: Any) -> None:
    result = decode(GOOD, broken, GOOD)
    assert result.positions == [0, 2]
    assert [refusal.index for refusal in result.refusals] == [1]


@pytest.mark.parametrize("name", ["gen_ai.response.time_to_first_chunk", "tollbook.tags.size"])
def test_an_integer_beyond_every_float_hurts_at_most_its_span(name: str) -> None:
    result = decode(GOOD, with_attribute(name, {"intValue": 10**400}), GOOD)
    assert len(result.calls) + len(result.refusals) == 3
    assert {0, 2} <= set(result.positions)


@pytest.mark.parametrize("name", ["startTimeUnixNano", "endTimeUnixNano"])
@pytest.mark.parametrize("value", ["x", "", "12.5", "2026-11-02T09:30:00Z", 2**64])
def test_a_time_that_is_no_integer_is_named_and_hurts_only_its_span(name: str, value: Any) -> None:
    result = decode(GOOD, {**GOOD, name: value}, GOOD)
    assert result.positions == [0, 2]
    (refusal,) = result.refusals
    assert (refusal.index, refusal.path) == (1, name)
    assert refusal.reason == f"{str(value)!r} is no 64-bit integer"


def test_times_are_read_as_numbers_and_as_text() -> None:
    numbers = {**GOOD, "startTimeUnixNano": START_NANOS, "endTimeUnixNano": START_NANOS + 10**9}
    texts = {
        **GOOD,
        "startTimeUnixNano": str(START_NANOS),
        "endTimeUnixNano": str(START_NANOS + 10**9),
    }
    assert decode(numbers).calls == decode(texts).calls
    assert decode(numbers).calls[0].duration_seconds == 1.0


@pytest.mark.parametrize("code", [2, "STATUS_CODE_ERROR"])
def test_an_error_is_read_by_number_and_by_name(code: int | str) -> None:
    assert decode({**GOOD, "status": {"code": code}}).calls[0].status == "error"


@pytest.mark.parametrize("code", [0, 1, "STATUS_CODE_UNSET", "STATUS_CODE_OK"])
def test_other_statuses_are_no_error(code: int | str) -> None:
    assert decode({**GOOD, "status": {"code": code}}).calls[0].status == "ok"


def test_fields_of_later_versions_are_ignored() -> None:
    assert decode({**GOOD, "flags": 257, "futureField": {"a": [1]}}).calls == decode(GOOD).calls


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"resourceSpans": 5}',
        b'{"resourceSpans": [{"scopeSpans": [5]}]}',
        b'{"resourceSpans": [',
        b'{"a":' * 100_000,
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [' + b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_body_of_the_wrong_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode_json(body)


def test_a_request_without_spans_is_empty() -> None:
    assert decode_json(b"{}").calls == []
