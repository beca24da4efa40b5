"""POST /v1/traces with input that cannot be booked: answers are OTLP's own, never ours."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from werkzeug.test import TestResponse

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.integration.api.problems import RESULTS, assert_still_answers, counted
from tests.integration.api.spans import START_NANOS, as_json, call_attributes, traces
from tests.servers.in_process import InProcessClient

PROTOBUF, JSON = "application/x-protobuf", "application/json"
PROMPT = "the patient's secret diagnosis"
CONTENT = {"gen_ai.input.messages": PROMPT, "llm.input_messages.0.message.content": PROMPT}
INVALID_ARGUMENT = 3

BAD_BODIES = {
    "text as protobuf": (PROTOBUF, b"hello"),
    "a message cut short": (PROTOBUF, traces({}).SerializeToString()[:-5]),
    "an open object": (JSON, b'{"resourceSpans": ['),
    "no JSON at all": (JSON, b"\xff\xfe"),
    "an empty body as JSON": (JSON, b""),
    "a list": (JSON, b"[]"),
    "spans that are text": (JSON, b'{"resourceSpans": [{"scopeSpans": "none"}]}'),
    "brackets without end": (JSON, b'{"resourceSpans":' + b"[" * 200_000),
}

BAD_SPANS: dict[str, dict[str, Any]] = {
    "negative tokens": {"attributes": call_attributes(**{"gen_ai.usage.input_tokens": -1})},
    "absurd tokens": {"attributes": call_attributes(**{"gen_ai.usage.input_tokens": 10**12})},
    "tokens that are words": {"attributes": call_attributes(**{"gen_ai.usage.input_tokens": "x"})},
    "tokens that are NaN": {
        "attributes": call_attributes(**{"gen_ai.usage.input_tokens": float("nan")})
    },
    "endless tokens": {
        "attributes": call_attributes(**{"gen_ai.usage.input_tokens": float("inf")})
    },
    "a start in 1970": {"start": 0},
    "a start before 2015": {"start": 1_400_000_000 * 10**9},
    "a start beyond all calendars": {"start": 2**64 - 1, "end": 2**64 - 1},
    "an end before its start": {"end": START_NANOS - 1},
    "no model": {"attributes": {"gen_ai.operation.name": "chat"}},
}


@pytest.mark.parametrize(("content_type", "body"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_cannot_be_read_is_answered_with_a_status_in_its_own_encoding(
    content_type: str, body: bytes, idle_client: InProcessClient
) -> None:
    response = idle_client.post("/v1/traces", data=body, content_type=content_type)

    assert _status_of(response, content_type, 400)["code"] == INVALID_ARGUMENT
    assert_still_answers(idle_client)


def test_every_body_that_cannot_be_read_is_counted_once(client: InProcessClient) -> None:
    for content_type, body in BAD_BODIES.values():
        client.post("/v1/traces", data=body, content_type=content_type)

    assert counted(client, "traces") == dict.fromkeys(RESULTS, 0) | {"rejected": len(BAD_BODIES)}


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
@pytest.mark.parametrize("fields", BAD_SPANS.values(), ids=BAD_SPANS.keys())
def test_a_bad_span_is_a_partial_success_that_says_why(
    fields: dict[str, Any], content_type: str, idle_client: InProcessClient
) -> None:
    rejected, message = _partial_success(_post(idle_client, [fields], content_type))

    assert rejected == 1
    assert message


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_the_good_spans_of_a_batch_are_kept_and_the_bad_ones_listed_without_content(
    content_type: str, client: InProcessClient
) -> None:
    bad = [
        {**fields, "attributes": {**fields.get("attributes", call_attributes()), **CONTENT}}
        for fields in BAD_SPANS.values()
    ]

    rejected, _ = _partial_success(_post(client, [{}, *bad, {}], content_type))

    assert rejected == len(bad)
    assert counted(client, "traces") == {
        "booked": 2,
        "duplicate": 0,
        "ignored": 0,
        "rejected": len(bad),
    }
    listed = client.get("/v1/rejected")
    found = {row["position"]: row["reason"] for row in listed.get_json()["rejected"]}
    assert sorted(found) == list(range(1, len(bad) + 1))
    assert all(found.values())
    assert PROMPT not in listed.text


def test_a_span_more_than_a_day_ahead_is_refused(client: InProcessClient) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1, minutes=1)

    response = _post(client, [{"start": int(ahead.timestamp() * 1e9)}], PROTOBUF)

    assert _partial_success(response)[0] == 1


def test_spans_without_a_tenant_are_refused_and_the_reason_is_said(client: InProcessClient) -> None:
    body = traces({}, {}, tenant=None).SerializeToString()

    rejected, message = _partial_success(
        client.post("/v1/traces", data=body, content_type=PROTOBUF)
    )

    assert rejected == 2
    assert "tenant.id" in message


def test_spans_that_are_no_calls_are_ignored_and_counted_so(client: InProcessClient) -> None:
    tool = {"attributes": {"gen_ai.operation.name": "execute_tool"}}
    http = {"attributes": {"http.request.method": "GET"}}

    assert _partial_success(_post(client, [tool, {}, http], PROTOBUF)) == (0, "")
    assert _partial_success(_post(client, [tool, {}, http], PROTOBUF)) == (0, "")

    assert counted(client, "traces") == {"booked": 1, "duplicate": 1, "ignored": 4, "rejected": 0}


@pytest.mark.parametrize(("content_type", "body"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_a_request_without_spans_is_a_success(
    content_type: str, body: bytes, idle_client: InProcessClient
) -> None:
    response = idle_client.post("/v1/traces", data=body, content_type=content_type)

    assert _partial_success(response) == (0, "")
    assert response.content_type == content_type


@pytest.mark.parametrize("content_type", ["text/plain", "application/grpc"])
def test_another_content_type_is_answered_with_415(
    content_type: str, idle_client: InProcessClient
) -> None:
    response = idle_client.post("/v1/traces", data=b"x", content_type=content_type)

    assert response.status_code == 415
    assert_still_answers(idle_client)


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_an_unsupported_encoding_is_answered_with_415(
    content_type: str, idle_client: InProcessClient
) -> None:
    response = idle_client.post(
        "/v1/traces", data=b"x", content_type=content_type, headers={"Content-Encoding": "br"}
    )

    assert "br" in _status_of(response, content_type, 415)["message"]


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_a_gzip_bomb_is_answered_with_413(
    content_type: str, database: Database, settings: Settings
) -> None:
    limited = settings.model_copy(update={"max_body_bytes": 100_000})
    client = InProcessClient(Collector(database, limited).front)

    response = client.post(
        "/v1/traces",
        data=gzip.compress(b" " * 50_000_000, 1),
        content_type=content_type,
        headers={"Content-Encoding": "gzip"},
    )

    assert "100000" in _status_of(response, content_type, 413)["message"]
    assert _partial_success(_post(client, [{}], content_type)) == (0, "")


def _post(client: InProcessClient, spans: list[dict[str, Any]], content_type: str) -> TestResponse:
    request = traces(*spans)
    body = (
        request.SerializeToString()
        if content_type == PROTOBUF
        else json.dumps(as_json(request)).encode()
    )
    return client.post("/v1/traces", data=body, content_type=content_type)


def _partial_success(response: TestResponse) -> tuple[int, str]:
    """Refused spans and the message of a 200 answer, in either encoding."""
    assert response.status_code == 200, response.data
    if response.content_type == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(response.data).partial_success
        return partial.rejected_spans, partial.error_message
    found = response.get_json().get("partialSuccess", {})
    return int(found.get("rejectedSpans", 0)), found.get("errorMessage", "")


def _status_of(response: TestResponse, content_type: str, status: int) -> dict[str, Any]:
    """The google.rpc.Status of a refusal; it comes in the encoding of the request."""
    assert response.status_code == status, response.data
    assert response.content_type == content_type
    if content_type == PROTOBUF:
        message = Status.FromString(response.data)
        found: dict[str, Any] = {"code": message.code, "message": message.message}
    else:
        found = dict(response.get_json())
    assert found["message"]
    return found
