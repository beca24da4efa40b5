"""What real SDKs sent, through the front door: one call a request to the provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.books import Books
from tests.servers.in_process import InProcessClient
from tests.unit.receivers.dialects.test_sdk_goldens import GOLDENS, TWO_CALLS, Golden

_TOLD = [golden for golden in GOLDENS if golden.expected_calls]
"""Traceloop's first releases tell nothing at all of a call that failed."""
_EXPECTED = sum(2 if golden.name in TWO_CALLS else 1 for golden in _TOLD)


def _post(client: InProcessClient, request: dict[str, Any]) -> None:
    response = client.post("/v1/traces", data=json.dumps(request), content_type="application/json")
    assert (response.status_code, response.get_json()) == (200, {})


def _span_by_span(golden: Golden) -> Iterator[dict[str, Any]]:
    """Requests of one span each, the last span first."""
    alone = [
        {
            "resourceSpans": [
                {
                    "resource": resource_spans.get("resource", {}),
                    "scopeSpans": [{"scope": scope_spans.get("scope", {}), "spans": [span]}],
                }
            ]
        }
        for resource_spans in golden.request["resourceSpans"]
        for scope_spans in resource_spans["scopeSpans"]
        for span in scope_spans["spans"]
    ]
    yield from reversed(alone)


def _assert_one_call_each(books: Books) -> None:
    assert books.counted("calls")["calls"] == _EXPECTED
    assert books.counted("calls") == books.counted("rollups") == books.counted("totals")


def test_every_request_of_an_sdk_books_one_call(client: InProcessClient, books: Books) -> None:
    for golden in GOLDENS:
        _post(client, golden.request)
    _assert_one_call_each(books)


def test_so_it_does_when_spans_come_one_by_one_and_in_the_other_order(
    client: InProcessClient, books: Books
) -> None:
    for golden in _TOLD:
        for request in _span_by_span(golden):
            _post(client, request)
    _assert_one_call_each(books)


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel/v1/traces"])
def test_langfuse_s_own_path_is_an_entrance_for_spans(
    client: InProcessClient, books: Books, path: str
) -> None:
    golden = next(golden for golden in GOLDENS if golden.name.startswith("langfuse_openai/"))
    response = client.post(path, data=json.dumps(golden.request), content_type="application/json")
    assert response.status_code == 200
    assert books.counted("calls")["calls"] == 1
