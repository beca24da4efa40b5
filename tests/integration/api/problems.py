"""What every refusal must look like, and reading what is counted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug.test import TestResponse

from tests.servers.exposition import samples
from tests.servers.in_process import InProcessClient

RESULTS = ("booked", "duplicate", "ignored", "rejected")


def problem_of(response: TestResponse, status: int) -> dict[str, Any]:
    """The RFC 9457 document of a response with this status."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    document = dict(response.get_json(force=True))
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def counted(client: InProcessClient, receiver: str) -> dict[str, int]:
    """tollbook_ingest_calls_total of one receiver by result; results that never were are 0."""
    found = dict.fromkeys(RESULTS, Decimal(0))
    for sample in samples(client.get("/metrics").text, "tollbook_ingest_calls_total"):
        if sample.labels["receiver"] == receiver:
            found[sample.labels["result"]] += sample.value
    return {result: int(value) for result, value in found.items()}


def assert_still_answers(client: InProcessClient) -> None:
    """The process lives and can do its work."""
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
