"""POST /v1/calls/{id}/outcome: later verdicts find their call, whichever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from ledger.access.principals import Principal
from ledger.queries.reader import Reader
from ledger.queries.records.outcomes import outcome_history
from ledger.storage.database import Database
from tests.factories.calls import START, a_call, a_record
from tests.integration.api.problems import problem_of
from tests.integration.bookings import Teller
from tests.integration.books import Books
from tests.servers.in_process import InProcessClient

NOON = "2026-11-02T12:00:00+00:00"
ONE = "2026-11-02T13:00:00+00:00"


def _book(client: InProcessClient, **changes: Any) -> None:
    assert client.post("/v1/calls", json=a_record(**{"id": "c-1", **changes})).status_code == 200


def _post(client: InProcessClient, call_id: str = "c-1", **body: Any) -> TestResponse:
    body = {"tenant": "acme", "verdict": "accepted", **body}
    return client.post(f"/v1/calls/{quote(call_id, safe='')}/outcome", json=body)


def _calls(client: InProcessClient, tenant: str = "acme") -> list[dict[str, Any]]:
    return list(client.get(f"/v1/calls?tenant={tenant}").get_json()["calls"])


def test_a_verdict_attaches_to_its_call(client: InProcessClient) -> None:
    _book(client)

    answer = _post(client, verdict="edited", value="12.50", at=NOON, comment="shortened")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "tenant": "acme",
        "id": "c-1",
        "call_id": "c-1",
        "verdict": "edited",
        "value_usd": "12.5",
        "started_at": "2026-11-02T09:30:00Z",
        "at": "2026-11-02T12:00:00Z",
        "waiting": False,
        "standing": True,
    }
    (call,) = _calls(client)
    assert (call["verdict"], call["first_verdict"]) == ("edited", None)
    assert call["outcome"] == {
        "verdict": "edited",
        "at": "2026-11-02T12:00:00Z",
        "comment": "shortened",
        "value_usd": "12.5",
    }


def test_a_verdict_that_came_with_the_call_stays_as_the_first(client: InProcessClient) -> None:
    _book(client, verdict="accepted")
    assert _calls(client)[0]["verdict"] == "accepted"
    assert _calls(client)[0]["outcome"] is None

    _post(client, verdict="rejected")

    (call,) = _calls(client)
    assert (call["verdict"], call["first_verdict"]) == ("rejected", "accepted")


def test_the_latest_verdict_stands_in_whichever_order_they_arrive(client: InProcessClient) -> None:
    _book(client)
    assert _post(client, verdict="rejected", at=ONE).get_json()["standing"] is True
    assert _post(client, verdict="accepted", at=NOON).get_json()["standing"] is False

    assert _calls(client)[0]["verdict"] == "rejected"
    history = client.get("/v1/calls/c-1/outcome?tenant=acme").get_json()["outcomes"]
    assert [row["verdict"] for row in history] == ["rejected", "accepted"]


def test_a_verdict_may_come_before_its_call(client: InProcessClient) -> None:
    _book(client, id="another")
    answer = _post(client, verdict="edited", value="1")
    assert answer.status_code == 202
    assert answer.get_json()["waiting"] is True
    assert answer.get_json()["started_at"] is None

    _book(client)

    by_id = {call["id"]: call["verdict"] for call in _calls(client)}
    assert by_id == {"another": None, "c-1": "edited"}


def test_the_same_verdict_posted_twice_is_one(client: InProcessClient, books: Books) -> None:
    _book(client)
    for body in ({"value": "1"}, {"value": "1.0", "at": NOON}):
        for _ in range(3):
            assert _post(client, **body).status_code == 200
    assert len(books.rows("SELECT * FROM outcomes")) == 2


def test_a_retry_after_the_call_came_is_still_the_same_verdict(
    client: InProcessClient, books: Books
) -> None:
    _book(client, id="another")
    assert _post(client, at=NOON).status_code == 202
    assert _post(client, verdict="edited").status_code == 202
    _book(client)
    assert _post(client, at=NOON).status_code == 200
    assert _post(client, verdict="edited").status_code == 200
    assert len(books.rows("SELECT * FROM outcomes")) == 2


def test_a_mind_may_change_back(client: InProcessClient) -> None:
    _book(client)
    for verdict in ("accepted", "rejected", "accepted"):
        _post(client, verdict=verdict)
    assert _calls(client)[0]["verdict"] == "accepted"
    assert len(client.get("/v1/calls/c-1/outcome?tenant=acme").get_json()["outcomes"]) == 3


def test_the_same_verdict_from_many_at_once_is_one(client: InProcessClient, books: Books) -> None:
    _book(client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _post(client), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(books.rows("SELECT * FROM outcomes")) == 1


def test_an_id_of_several_calls_needs_the_start(
    client: InProcessClient, database: Database
) -> None:
    """Records of one id that arrive within a day are one call; here nothing is joined."""
    later = START + timedelta(hours=1)
    apart = Teller(database, timedelta(0))
    apart.tell([a_call(id="c-1")])
    apart.tell([a_call(id="c-1", started_at=later, model="gpt-4o")])

    document = problem_of(_post(client), 409)
    assert [(call["started_at"], call["model"]) for call in document["calls"]] == [
        ("2026-11-02T10:30:00Z", "gpt-4o"),
        ("2026-11-02T09:30:00Z", "gpt-4o-mini"),
    ]

    assert _post(client, started_at=later.isoformat(), verdict="rejected").status_code == 200
    assert [call["verdict"] for call in _calls(client)] == ["rejected", None]


def test_the_start_of_a_record_that_was_joined_means_the_call_it_became(
    client: InProcessClient,
) -> None:
    later = START + timedelta(minutes=5)
    earlier = START - timedelta(minutes=5)
    _book(client)
    assert _post(client, verdict="edited", at=NOON).status_code == 200
    for start in (later, earlier):
        _book(client, started_at=start.isoformat())

    (call,) = _calls(client)
    assert call["started_at"] == "2026-11-02T09:25:00Z"
    assert call["verdict"] == "edited"
    answer = _post(client, verdict="rejected", started_at=later.isoformat())
    assert answer.status_code == 200
    assert _calls(client)[0]["verdict"] == "rejected"


def test_a_start_in_another_zone_means_the_same_call(client: InProcessClient, books: Books) -> None:
    _book(client)
    assert _post(client, started_at="2026-11-02T10:30:00+01:00").status_code == 200
    assert _post(client, started_at="2026-11-02T09:30:00Z").status_code == 200
    assert len(books.rows("SELECT * FROM outcomes")) == 1


def test_ids_with_slashes_and_spaces_are_found(client: InProcessClient) -> None:
    for call_id in ("a/b", "a b", "50%", "ünï", "x/outcome"):
        _book(client, id=call_id)
        assert _post(client, call_id).status_code == 200, call_id


def test_a_loss_is_a_negative_value(client: InProcessClient) -> None:
    _book(client)
    assert _post(client, value="-0.25").get_json()["value_usd"] == "-0.25"


def test_a_tenant_that_is_not_there_is_a_404_problem(client: InProcessClient, books: Books) -> None:
    problem_of(_post(client), 404)
    assert books.rows("SELECT * FROM outcomes") == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("verdict", {"tenant": "acme"}),
        ("tenant", {"verdict": "accepted"}),
        ("verdict", {"tenant": "acme", "verdict": "meh"}),
        ("value", {"tenant": "acme", "verdict": "accepted", "value": "lots"}),
        ("value", {"tenant": "acme", "verdict": "accepted", "value": "1e99"}),
        ("at", {"tenant": "acme", "verdict": "accepted", "at": "2026-11-02T12:00:00"}),
        ("at", {"tenant": "acme", "verdict": "accepted", "at": "2999-01-01T00:00:00Z"}),
        ("started_at", {"tenant": "acme", "verdict": "accepted", "started_at": "soon"}),
        ("comment", {"tenant": "acme", "verdict": "accepted", "comment": "x" * 257}),
        ("comment", {"tenant": "acme", "verdict": "accepted", "comment": "a\x00b"}),
        ("tenant", {"tenant": "", "verdict": "accepted"}),
        ("vredict", {"tenant": "acme", "verdict": "accepted", "vredict": "x"}),
        ("object", ["accepted"]),
    ],
)
def test_what_cannot_be_is_named(client: InProcessClient, path: str, body: Any) -> None:
    document = problem_of(client.post("/v1/calls/c-1/outcome", json=body), 400)
    assert path in document["detail"]


@pytest.mark.parametrize("value", ["NaN", "-NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_finite_is_told_so(client: InProcessClient, value: str) -> None:
    document = problem_of(_post(client, value=value), 400)
    assert document["detail"] == f"value: {value} is no finite number"


def test_a_byte_order_mark_before_a_verdict_is_skipped(client: InProcessClient) -> None:
    _book(client)
    body = b'\xef\xbb\xbf{"tenant": "acme", "verdict": "accepted"}'
    assert client.post("/v1/calls/c-1/outcome", data=body).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 10_000])
def test_what_is_no_json_is_a_400_problem(client: InProcessClient, body: bytes) -> None:
    problem_of(client.post("/v1/calls/c-1/outcome", data=body), 400)


def test_an_overlong_id_is_a_400_problem(client: InProcessClient) -> None:
    problem_of(_post(client, "x" * 257), 400)


def test_a_tenant_sees_only_its_own_outcomes(client: InProcessClient, database: Database) -> None:
    for tenant in ("acme", "globex"):
        _book(client, tenant=tenant)
        _post(client, tenant=tenant)
    reader = Reader(database, Principal("acme's viewer", ("acme",)))
    assert len(outcome_history(reader, tenant="acme", call_id="c-1")) == 1
    assert outcome_history(reader, tenant="globex", call_id="c-1") == []
