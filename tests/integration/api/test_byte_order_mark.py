"""Files written on Windows begin with a byte order mark; posted as they are, they are calls."""

from __future__ import annotations

import json

import pytest

from tests.factories.calls import a_record
from tests.integration.api.problems import problem_of
from tests.servers.in_process import InProcessClient
from tests.unit.receivers.otlp import a_span, json_request
from tests.unit.receivers.signals.requests import an_event
from tests.unit.receivers.signals.requests import json_request as logs_request

MARK = b"\xef\xbb\xbf"
LINE = json.dumps(a_record()).encode()


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/v1/calls", "application/json", LINE),
        ("/v1/calls", "application/json", b"[" + LINE + b"]"),
        ("/v1/calls", "application/x-ndjson", LINE + b"\n"),
        ("/v1/traces", "application/json", json_request(a_span())),
        ("/v1/logs", "application/json", logs_request(an_event())),
    ],
)
def test_a_mark_before_the_body_is_skipped(
    client: InProcessClient, path: str, content_type: str, body: bytes
) -> None:
    answer = client.post(path, data=MARK + body, content_type=content_type)
    assert answer.status_code == 200, answer.text
    assert client.get("/v1/spend").get_json()["rows"][0]["calls"] == 1


def test_a_mark_alone_is_an_empty_body(client: InProcessClient) -> None:
    answer = client.post("/v1/calls", data=MARK, content_type="application/json")
    assert "empty" in problem_of(answer, 400)["detail"]
