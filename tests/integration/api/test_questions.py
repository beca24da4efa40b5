"""GET /v1/spend, /v1/calls, /v1/tenants and /v1/rejected: parameters, pages and CSV."""

from __future__ import annotations

import csv
import io
from base64 import urlsafe_b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.factories.calls import START, a_record
from tests.integration.api.problems import problem_of
from tests.servers.in_process import InProcessClient

HOUR = timedelta(hours=1)

BAD_QUESTIONS = [
    ("/v1/spend", "from", "yesterday"),
    ("/v1/spend", "from", "2026-13-01"),
    ("/v1/spend", "from", ""),
    ("/v1/spend", "to", "2026-02-30"),
    ("/v1/spend", "to", "12345678901234567890"),
    ("/v1/spend", "tz", "Mars/Olympus"),
    ("/v1/spend", "tz", "../../etc/passwd"),
    ("/v1/spend", "tz", ""),
    ("/v1/spend", "interval", "fortnight"),
    ("/v1/spend", "interval", "day'; DROP TABLE calls; --"),
    ("/v1/spend", "group_by", "colour"),
    ("/v1/spend", "group_by", "tenant,user"),
    ("/v1/spend", "cursor", "!!!"),
    ("/v1/spend", "cursor", urlsafe_b64encode(b'"text"').decode()),
    ("/v1/spend", "cursor", urlsafe_b64encode(b"-5").decode()),
    ("/v1/spend", "cursor", urlsafe_b64encode(b"9" * 30).decode()),
    ("/v1/spend", "limit", "0"),
    ("/v1/spend", "limit", "-1"),
    ("/v1/spend", "limit", "ten"),
    ("/v1/spend", "limit", "10001"),
    ("/v1/spend", "limit", "9" * 5000),
    ("/v1/spend", "colour", "blue"),
    ("/v1/calls", "tenant", ""),
    ("/v1/calls", "limit", "1001"),
    ("/v1/calls", "cursor", "YQ"),
    ("/v1/calls", "from", "now"),
    ("/v1/tenants", "limit", "x"),
    ("/v1/tenants", "cursor", urlsafe_b64encode(b"[1]").decode()),
    ("/v1/rejected", "limit", "0"),
    ("/v1/rejected", "cursor", urlsafe_b64encode(b'["2026-01-01T00:00:00Z","x"]').decode()),
]


@pytest.mark.parametrize(("path", "name", "value"), BAD_QUESTIONS)
def test_a_bad_parameter_is_a_400_problem_that_names_it(
    path: str, name: str, value: str, idle_client: InProcessClient
) -> None:
    tenant = {"tenant": "acme"} if path == "/v1/calls" else {}

    document = problem_of(idle_client.get(f"{path}?{urlencode({**tenant, name: value})}"), 400)

    assert document["parameter"] == name
    assert name in document["detail"]


def test_a_range_that_ends_before_it_starts_is_refused(idle_client: InProcessClient) -> None:
    response = idle_client.get("/v1/spend?from=2026-11-03&to=2026-11-02")

    assert problem_of(response, 400)["parameter"] == "to"


def test_an_empty_ledger_has_spent_nothing(idle_client: InProcessClient) -> None:
    (row,) = _spend(idle_client)

    assert (row["calls"], row["cost_usd"]) == (0, "0")


def test_spend_is_grouped_filtered_and_cut_by_time(client: InProcessClient) -> None:
    _book(
        client,
        a_record(tenant="acme", started_at=START.isoformat()),
        a_record(tenant="acme", started_at=(START + HOUR).isoformat(), status="error"),
        a_record(tenant="globex", model="gpt-4o", started_at=(START + HOUR).isoformat()),
    )

    whole = _spend(client, group_by="tenant")
    acme = _spend(client, tenant="acme", interval="hour")
    late = _spend(client, **{"from": (START + HOUR).isoformat()}, group_by="tenant,model")

    assert [(row["tenant"], row["calls"], row["errors"]) for row in whole] == [
        ("acme", 2, 1),
        ("globex", 1, 0),
    ]
    assert whole[1]["cost_usd"] == "0.0035"
    assert [row["start"] for row in acme] == [
        "2026-11-02T09:00:00+00:00",
        "2026-11-02T10:00:00+00:00",
    ]
    assert [(row["tenant"], row["model"]) for row in late] == [
        ("acme", "gpt-4o-mini"),
        ("globex", "gpt-4o"),
    ]


def test_the_days_are_those_of_the_asked_zone(client: InProcessClient) -> None:
    _book(client, a_record(started_at="2026-11-02T23:30:00Z"))

    (utc,) = _spend(client, interval="day")
    (berlin,) = _spend(client, interval="day", tz="Europe/Berlin")

    assert utc["start"] == "2026-11-02T00:00:00+00:00"
    assert berlin["start"] == "2026-11-03T00:00:00+01:00"


def test_pages_of_spend_hold_every_row_once(client: InProcessClient) -> None:
    _book(client, *(a_record(tenant=f"tenant-{number:02}") for number in range(23)))

    paged = _all_pages(client, "/v1/spend", "rows", group_by="tenant", limit=5)

    assert paged == _spend(client, group_by="tenant")
    assert len(paged) == 23


def test_pages_of_calls_hold_every_call_once_newest_first(client: InProcessClient) -> None:
    # Several calls share one start: a page may end between them.
    records = [
        a_record(started_at=(START + HOUR * (number // 4)).isoformat()) for number in range(22)
    ]
    _book(client, *records, a_record(tenant="globex"))

    paged = _all_pages(client, "/v1/calls", "calls", tenant="acme", limit=5)

    assert sorted(call["id"] for call in paged) == sorted(record["id"] for record in records)
    starts = [call["started_at"] for call in paged]
    assert starts == sorted(starts, reverse=True)
    first = paged[0]
    assert (first["tenant"], first["model"], first["cost_usd"]) == (
        "acme",
        "gpt-4o-mini",
        "0.00021",
    )
    assert first["usage"]["input_tokens"] == 1000
    assert first["usage"]["cache_read_tokens"] is None


def test_calls_of_a_range_exclude_its_end(client: InProcessClient) -> None:
    _book(client, *(a_record(started_at=(START + HOUR * hours).isoformat()) for hours in range(4)))

    found = _all_pages(
        client,
        "/v1/calls",
        "calls",
        tenant="acme",
        **{"from": (START + HOUR).isoformat(), "to": (START + 3 * HOUR).isoformat()},
    )

    assert len(found) == 2


def test_calls_of_all_tenants_at_once_are_refused(idle_client: InProcessClient) -> None:
    assert problem_of(idle_client.get("/v1/calls"), 400)["parameter"] == "tenant"


def test_pages_of_tenants_and_of_refused_records_hold_each_once(client: InProcessClient) -> None:
    good = [a_record(tenant=f"tenant-{number}") for number in range(7)]
    bad = [a_record(usage={"input_tokens": -number}) for number in range(1, 8)]
    answer = client.post("/v1/calls", json=[*good, *bad]).get_json()
    assert (answer["booked"], len(answer["rejected"])) == (7, 7)

    tenants = _all_pages(client, "/v1/tenants", "tenants", limit=2)
    refused = _all_pages(client, "/v1/rejected", "rejected", limit=2)

    assert [row["tenant"] for row in tenants] == [f"tenant-{number}" for number in range(7)]
    assert sorted(row["position"] for row in refused) == list(range(7, 14))


def test_spend_as_csv_has_the_same_rows_and_runs_no_formula(client: InProcessClient) -> None:
    _book(client, a_record(tenant="=cmd()"), a_record(tenant="acme"), a_record(tenant='a,"b"'))
    question = "/v1/spend?group_by=tenant&interval=day"

    response = client.get(question, headers={"Accept": "text/csv"})

    assert response.content_type == "text/csv; charset=utf-8"
    found = list(csv.DictReader(io.StringIO(response.text)))
    expected = client.get(question).get_json()["rows"]
    assert [row["tenant"] for row in found] == [
        f"'{row['tenant']}" if row["tenant"].startswith("=") else row["tenant"] for row in expected
    ]
    assert [Decimal(row["cost_usd"]) for row in found] == [Decimal("0.00021")] * 3
    assert [row["start"] for row in found] == [row["start"] for row in expected]
    assert set(found[0]) == set(expected[0])


def test_csv_pages_are_linked_so_that_no_row_is_lost(client: InProcessClient) -> None:
    _book(client, *(a_record(tenant=f"tenant-{number}") for number in range(5)))
    url = "/v1/spend?group_by=tenant&limit=2"
    tenants: list[str] = []

    for _ in range(5):
        response = client.get(url, headers={"Accept": "text/csv"})
        tenants += [row["tenant"] for row in csv.DictReader(io.StringIO(response.text))]
        link = response.headers.get("Link")
        if link is None:
            break
        url = f"/v1/spend{link.removeprefix('<').partition('>')[0]}"

    assert tenants == [f"tenant-{number}" for number in range(5)]


def _book(client: InProcessClient, *records: dict[str, Any]) -> None:
    answer = client.post("/v1/calls", json=list(records))
    assert answer.get_json() == {"booked": len(records), "duplicate": 0, "rejected": []}


def _spend(client: InProcessClient, **parameters: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/v1/spend", query_string=parameters).get_json()["rows"]
    return rows


def _all_pages(
    client: InProcessClient, path: str, name: str, **parameters: str | int
) -> list[dict[str, Any]]:
    """The rows of all pages; a page is never longer than its limit."""
    found: list[dict[str, Any]] = []
    question: dict[str, Any] = dict(parameters)
    for _ in range(50):
        answer = client.get(path, query_string=question).get_json()
        assert len(answer[name]) <= int(parameters.get("limit", 1000))
        found += answer[name]
        if answer["next"] is None:
            return found
        question["cursor"] = answer["next"]
    raise AssertionError("the pages have no end")
