"""GET /v1/rejected and /v1/dead-letters: filters, pages, and what a letter holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ledger.access.principals import Principal
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import RefusedFilter, list_refused
from ledger.storage.database import Database
from tests.factories.calls import a_call, a_record
from tests.integration.api.problems import problem_of
from tests.integration.refused.letters import keep
from tests.servers.exposition import samples
from tests.servers.in_process import InProcessClient


def _letters(client: InProcessClient, **question: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/dead-letters", query_string=question)
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["dead_letters"])


def _reasons(client: InProcessClient, **question: str) -> set[str]:
    return {letter["reason"] for letter in _letters(client, **question)}


def test_rejected_records_and_dead_letters_are_listed_apart(
    client: InProcessClient, database: Database
) -> None:
    client.post("/v1/calls", json=[a_record(), a_record(usage={"input_tokens": -1})])
    keep(database, [(a_call(id="kept"), "no room")])

    assert [row["receiver"] for row in client.get("/v1/rejected").get_json()["rejected"]] == [
        "calls"
    ]
    (letter,) = _letters(client)
    assert letter["call_id"] == "kept"
    assert letter["replayable"] is True
    assert "payload" not in letter


def test_one_letter_is_shown_with_its_whole_call(
    client: InProcessClient, database: Database
) -> None:
    keep(database, [(a_call(id="kept", tags={"plan": "pro"}), "no room")])
    (letter,) = _letters(client)

    shown = client.get(f"/v1/dead-letters/{letter['record_id']}").get_json()

    call = json.loads(shown["payload"])
    assert (call["id"], call["tags"], call["usage"]["input_tokens"]) == (
        "kept",
        {"plan": "pro"},
        1000,
    )
    assert len(shown["payload"]) == letter["payload_bytes"]


def test_an_unknown_letter_is_a_404_problem(idle_letters: InProcessClient) -> None:
    problem_of(idle_letters.get(f"/v1/dead-letters/{uuid4()}"), 404)
    problem_of(idle_letters.get("/v1/dead-letters/no-uuid"), 404)


@pytest.fixture
def idle_letters(client: InProcessClient, database: Database) -> InProcessClient:
    """Letters of two tenants over two entrances."""
    keep(database, [(a_call(tenant="acme"), "Disk FULL"), (a_call(tenant="globex"), "50% off_x")])
    keep(database, [(a_call(tenant="acme"), "torn line")], receiver="tail")
    return client


def test_filters_narrow_the_list(idle_letters: InProcessClient) -> None:
    assert _reasons(idle_letters, tenant="acme") == {"Disk FULL", "torn line"}
    assert _reasons(idle_letters, receiver="tail") == {"torn line"}
    assert _reasons(idle_letters, tenant="acme", receiver="traces") == {"Disk FULL"}
    assert _reasons(idle_letters, reason="disk f") == {"Disk FULL"}
    assert _reasons(idle_letters, reason="%") == {"50% off_x"}
    assert _reasons(idle_letters, reason="_x") == {"50% off_x"}
    assert _reasons(idle_letters, tenant="nobody") == set()
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert len(_letters(idle_letters, **{"from": (now - hour).isoformat()})) == 3
    assert _letters(idle_letters, **{"from": (now + hour).isoformat()}) == []
    assert _letters(idle_letters, to=(now - hour).isoformat()) == []


def test_pages_hold_each_letter_once_though_many_came_at_the_same_moment(
    client: InProcessClient, database: Database
) -> None:
    keep(database, [(a_call(id=f"call-{number}"), "x") for number in range(7)])
    seen: list[str] = []
    question: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get("/v1/dead-letters", query_string=question).get_json()
        seen += [letter["call_id"] for letter in answer["dead_letters"]]
        if answer["next"] is None:
            break
        question["cursor"] = answer["next"]
    assert sorted(seen) == [f"call-{number}" for number in range(7)]


@pytest.mark.parametrize("path", ["/v1/rejected", "/v1/dead-letters"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("from", "soon"), ("limit", "0"), ("cursor", "x"), ("tz", "Mars"), ("colour", "blue")],
)
def test_a_bad_parameter_is_named(
    client: InProcessClient, path: str, name: str, value: str
) -> None:
    assert problem_of(client.get(path, query_string={name: value}), 400)["parameter"] == name


def test_a_tenant_sees_only_its_own_letters(
    database: Database, idle_letters: InProcessClient
) -> None:
    reader = Reader(database, Principal("acme's viewer", ("acme",)))
    everything = list_refused(reader, "dead_lettered", RefusedFilter())
    assert {row["tenant"] for row in everything} == {"acme"}
    assert list_refused(reader, "dead_lettered", RefusedFilter(tenant="globex")) == []


def test_metrics_show_the_letters_there_are(client: InProcessClient, database: Database) -> None:
    def gauge() -> int:
        (sample,) = samples(client.get("/metrics").text, "tollbook_dead_letters")
        return int(sample.value)

    assert gauge() == 0
    keep(database, [(a_call(), "x"), (a_call(), "x")])
    assert gauge() == 2
