"""POST /v1/calls with input that cannot be booked."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.integration.api.problems import RESULTS, assert_still_answers, counted, problem_of
from tests.servers.in_process import InProcessClient

PROMPT = "the patient's secret diagnosis"

BAD_BODIES = {
    "nothing": b"",
    "white space": b" \n ",
    "an open object": b'{"tenant": "acme"',
    "an open array": b'[{"tenant": "acme"}',
    "bytes that are no text": b"\xff\xfe\x00",
    "text behind the call": b'{"tenant": "acme"} and more',
    "NaN, which JSON does not know": b'{"duration_seconds": NaN}',
    "brackets without end": b"[" * 200_000,
}


def random_text(length: int) -> str:
    """Text that does not compress: Postgres would make a short index entry of a repeated one."""
    return Random(4).randbytes(length // 2).hex()


BAD_RECORDS: dict[str, tuple[dict[str, Any], str]] = {
    "no tenant": ({"tenant": None}, "tenant"),
    "an empty tenant": ({"tenant": ""}, "tenant"),
    "a tenant of white space": ({"tenant": "  "}, "tenant"),
    "a tenant that is a number": ({"tenant": 7}, "tenant"),
    "a tenant of 300 characters": ({"tenant": "a" * 300}, "tenant"),
    "a tenant beyond what an index takes": ({"tenant": random_text(20_000)}, "tenant"),
    "a tenant with NUL": ({"tenant": "a\x00b"}, "tenant"),
    "no model": ({"model": None}, "model"),
    "a model that is a list": ({"model": ["gpt-4o"]}, "model"),
    "usage that is text": ({"usage": "1000"}, "usage"),
    "negative tokens": ({"usage": {"input_tokens": -1}}, "usage.input_tokens"),
    "tokens that are text": ({"usage": {"input_tokens": "many"}}, "usage.input_tokens"),
    "half a token": ({"usage": {"output_tokens": 0.5}}, "usage.output_tokens"),
    "a trillion tokens": ({"usage": {"output_tokens": 10**12}}, "usage.output_tokens"),
    "tokens beyond 64 bits": ({"usage": {"output_tokens": 10**30}}, "usage.output_tokens"),
    "no start": ({"started_at": None}, "started_at"),
    "a start before 2015": ({"started_at": "2014-12-31T23:59:59Z"}, "started_at"),
    "a start in the year 0001": ({"started_at": "0001-01-01T00:00:00Z"}, "started_at"),
    "a start without a zone": ({"started_at": "2026-11-02T09:30:00"}, "started_at"),
    "a start that is no time": ({"started_at": "yesterday"}, "started_at"),
    "a start that is a number": ({"started_at": True}, "started_at"),
    "a negative duration": ({"duration_seconds": -1}, "duration_seconds"),
    "a duration of years": ({"duration_seconds": 1e9}, "duration_seconds"),
    "a duration beyond floats": ({"duration_seconds": 10**400}, "duration_seconds"),
    "a negative cost": ({"reported_cost_usd": "-1"}, "reported_cost_usd"),
    "a cost that is NaN": ({"reported_cost_usd": "NaN"}, "reported_cost_usd"),
    "an absurd cost": ({"reported_cost_usd": "1e30"}, "reported_cost_usd"),
    "an unknown status": ({"status": "fine"}, "status"),
    "an attempt below zero": ({"attempt": -1}, "attempt"),
    "tags that are a list": ({"tags": ["a"]}, "tags"),
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_is_no_json_is_refused(body: bytes, idle_client: InProcessClient) -> None:
    response = idle_client.post("/v1/calls", data=body, content_type="application/json")

    problem_of(response, 400)
    assert_still_answers(idle_client)


def test_every_body_that_cannot_be_read_is_counted_once_and_listed(client: InProcessClient) -> None:
    for body in BAD_BODIES.values():
        client.post("/v1/calls", data=body, content_type="application/json")

    assert counted(client, "calls") == dict.fromkeys(RESULTS, 0) | {"rejected": len(BAD_BODIES)}
    listed = client.get("/v1/rejected").get_json()["rejected"]
    assert len([row for row in listed if row["path"] == "body" and row["reason"]]) == len(listed)
    assert len(listed) == len(BAD_BODIES)


@pytest.mark.parametrize(("changes", "path"), BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_a_bad_record_is_refused_by_the_name_of_its_field(
    changes: dict[str, Any], path: str, idle_client: InProcessClient
) -> None:
    bad = {**a_record(**changes), "messages": PROMPT}

    document = problem_of(idle_client.post("/v1/calls", json=bad), 400)

    assert [(refused["index"], refused["path"]) for refused in document["rejected"]] == [(0, path)]
    assert document["rejected"][0]["reason"]
    assert path in document["detail"]
    assert PROMPT not in idle_client.get("/v1/rejected").text


def test_a_start_more_than_a_day_ahead_is_refused_and_a_nearer_one_is_booked(
    client: InProcessClient,
) -> None:
    now = datetime.now(UTC)
    far = a_record(started_at=(now + timedelta(days=1, minutes=1)).isoformat())
    near = a_record(started_at=(now + timedelta(hours=23)).isoformat())

    answer = client.post("/v1/calls", json=[far, near]).get_json()

    assert answer["booked"] == 1
    assert [(refused["index"], refused["path"]) for refused in answer["rejected"]] == [
        (0, "started_at")
    ]


def test_the_good_records_of_a_batch_are_kept_and_the_bad_ones_listed_without_content(
    client: InProcessClient,
) -> None:
    good = [a_record() for _ in range(3)]
    records = [
        good[0],
        {**a_record(tenant="globex", usage={"input_tokens": -5}), "messages": PROMPT},
        good[1],
        {**a_record(started_at="1999-01-01T00:00:00Z"), "prompt": PROMPT},
        good[2],
        {"prompt": PROMPT},
        good[0],
    ]

    answer = client.post("/v1/calls", json=records).get_json()

    assert (answer["booked"], answer["duplicate"]) == (3, 1)
    assert [refused["index"] for refused in answer["rejected"]] == [1, 3, 5]
    listed = client.get("/v1/rejected")
    assert PROMPT not in listed.text
    found = {row["position"]: row for row in listed.get_json()["rejected"]}
    assert {position: row["path"] for position, row in found.items()} == {
        1: "usage.input_tokens",
        3: "started_at",
        5: found[5]["path"],
    }
    assert all(row["reason"] for row in found.values())
    assert found[1]["tenant"] == "globex"
    assert counted(client, "calls") == {"booked": 3, "duplicate": 1, "ignored": 0, "rejected": 3}


def test_a_damaged_line_of_ndjson_hurts_only_itself(client: InProcessClient) -> None:
    lines = [json.dumps(a_record()), '{"tenant": "acme', json.dumps(a_record()), "", "[]"]

    response = client.post("/v1/calls", data="\n".join(lines), content_type="application/x-ndjson")

    answer = response.get_json()
    assert response.status_code == 200
    assert answer["booked"] == 2
    assert len(answer["rejected"]) == 2


def test_unknown_fields_are_ignored_and_not_kept(client: InProcessClient) -> None:
    record = {**a_record(), "messages": [{"content": PROMPT}], "colour": "blue"}

    assert client.post("/v1/calls", json=record).get_json()["booked"] == 1

    assert PROMPT not in client.get("/v1/calls?tenant=acme").text


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data"])
def test_another_content_type_is_answered_with_415(
    content_type: str, idle_client: InProcessClient
) -> None:
    response = idle_client.post("/v1/calls", data=b"[]", content_type=content_type)

    assert content_type in problem_of(response, 415)["detail"]
    assert_still_answers(idle_client)


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip", "rot13"])
def test_an_unsupported_encoding_is_answered_with_415(
    encoding: str, idle_client: InProcessClient
) -> None:
    response = idle_client.post(
        "/v1/calls",
        data=b"[]",
        content_type="application/json",
        headers={"Content-Encoding": encoding},
    )

    assert encoding in problem_of(response, 415)["detail"]


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"[]" * 100)[:-9], b"\x1f\x8b"],
    ids=["no gzip at all", "cut short", "only its first bytes"],
)
def test_damaged_gzip_is_refused(body: bytes, idle_client: InProcessClient) -> None:
    response = _post_gzip(idle_client, body)

    problem_of(response, 400)
    assert_still_answers(idle_client)


def test_gzip_of_good_calls_is_booked(client: InProcessClient) -> None:
    body = gzip.compress(json.dumps([a_record(), a_record()]).encode())

    assert _post_gzip(client, body).get_json()["booked"] == 2


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "a gzip bomb"])
def test_a_body_over_the_limit_is_answered_with_413(
    compressed: bool, database: Database, settings: Settings
) -> None:
    client = _limited_client(database, settings, 100_000)
    body = b"[" + b" " * 50_000_000 + b"]" if compressed else b"[" + b" " * 100_000 + b"]"

    if compressed:
        response = _post_gzip(client, gzip.compress(body, 1))
    else:
        response = client.post("/v1/calls", data=body, content_type="application/json")

    assert "100000" in problem_of(response, 413)["detail"]
    assert counted(client, "calls")["rejected"] == 1
    assert client.post("/v1/calls", json=a_record()).get_json()["booked"] == 1


def test_a_body_of_exactly_the_limit_is_taken(database: Database, settings: Settings) -> None:
    body = json.dumps(a_record()).encode()
    body += b" " * (2048 - len(body))
    client = _limited_client(database, settings, 2048)

    response = client.post("/v1/calls", data=body, content_type="application/json")

    assert response.get_json()["booked"] == 1


def _post_gzip(client: InProcessClient, body: bytes) -> Any:
    return client.post(
        "/v1/calls",
        data=body,
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )


def _limited_client(database: Database, settings: Settings, limit_bytes: int) -> InProcessClient:
    limited = settings.model_copy(update={"max_body_bytes": limit_bytes})
    return InProcessClient(Collector(database, limited).front)
