"""/v1/repricings, /v1/months and their commands, with prices that people set."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from collector.jobs.repricing import prices_known, reprice_a_page
from exporters.postgres.revisions.repricer import Repricer
from ledger.storage.database import Database
from tests.integration.api.problems import problem_of
from tests.integration.books import Books
from tests.integration.prices.test_prices import cost_of, post_price, send
from tests.servers.commands import run
from tests.servers.in_process import InProcessClient

_NOVEMBER = {"from": "2026-11-01", "to": "2026-12-01", "reason": "the contract of 12/2026"}
_NOW = datetime.now(UTC)
_BEFORE = _NOW.replace(day=1, hour=12) - timedelta(days=1)


def _post(client: InProcessClient, status: int = 202, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/repricings", json={**_NOVEMBER, **body})
    assert answer.status_code == status, answer.text
    return dict(answer.get_json())


def _reprice(client: InProcessClient, database: Database, **body: Any) -> dict[str, Any]:
    """Have it done by a job that has just begun."""
    number = _post(client, **body)["repricing_id"]
    repricer = Repricer(prices_known(database), rest=timedelta(0))
    while reprice_a_page(database, repricer) is not None:
        pass
    return dict(client.get(f"/v1/repricings/{number}").get_json())


def _spent(client: InProcessClient, **question: str) -> Decimal:
    asked = {"tenant": "acme", "from": "2026-11-01", "to": "2026-12-01", **question}
    (row,) = client.get("/v1/spend", query_string=asked).get_json()["rows"]
    return Decimal(row["cost_usd"])


def test_a_price_that_is_set_later_reprices_and_an_earlier_one_brings_back_what_was(
    client: InProcessClient, database: Database
) -> None:
    call_id = send(client)
    before, booked_at = _spent(client), datetime.now(UTC).isoformat()
    post_price(client)

    done = _reprice(client, database, tenant="acme")

    assert (done["state"], done["calls_seen"], done["calls_changed"]) == ("done", 1, 1)
    assert (done["before_usd"], done["after_usd"]) == ("0.00021", "0.0012")
    assert done["difference_usd"] == "0.00099"
    assert _spent(client) == Decimal("0.0012")
    assert _spent(client, as_of=booked_at) == before
    assert cost_of(client, call_id)["cost_usd"] == "0.0012"
    assert cost_of(client, call_id, as_of=booked_at)["cost_usd"] == "0.00021"
    too_early = {"tenant": "acme", "as_of": "2026-01-01"}
    problem_of(client.get(f"/v1/calls/{call_id}/cost", query_string=too_early), 404)

    back = _reprice(client, database, known_at=booked_at)
    assert back["difference_usd"] == "-0.00099"
    assert _spent(client) == before


def test_the_differences_come_as_json_and_as_csv_a_page_at_a_time(
    client: InProcessClient, database: Database
) -> None:
    send(client, started_at="2026-11-02T09:00:00Z")
    send(client, started_at="2026-11-03T09:00:00Z", model="gpt-4o")
    send(client, started_at="2026-11-03T09:00:00Z")
    post_price(client)
    done = _reprice(client, database, dry_run=True)
    path = f"/v1/repricings/{done['repricing_id']}/differences"

    rows = client.get(path).get_json()["rows"]
    assert rows[0] == {
        "tenant": "acme", "day": "2026-11-02", "model": "gpt-4o-mini", "calls": 1,
        "calls_changed": 1, "unpriced_calls_before": 0, "unpriced_calls_after": 0,
        "before_usd": "0.00021", "after_usd": "0.0012", "difference_usd": "0.00099",
    }  # fmt: skip
    assert [(row["day"], row["model"], row["calls_changed"]) for row in rows[1:]] == [
        ("2026-11-03", "gpt-4o", 0),
        ("2026-11-03", "gpt-4o-mini", 1),
    ]
    first = client.get(path, query_string={"limit": "2"}).get_json()
    second = client.get(path, query_string={"limit": "2", "cursor": first["next"]}).get_json()
    assert [*first["rows"], *second["rows"]] == rows
    text = client.get(path, headers={"Accept": "text/csv"}).text
    assert list(csv.DictReader(io.StringIO(text))) == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    assert sum(Decimal(row["difference_usd"]) for row in rows) == Decimal(done["difference_usd"])


def test_calls_that_became_cheaper_show_as_negative_numbers_in_csv(
    client: InProcessClient, database: Database
) -> None:
    send(client)
    post_price(client, factor="0.5")
    done = _reprice(client, database, dry_run=True)
    path = f"/v1/repricings/{done['repricing_id']}/differences"
    text = client.get(path, headers={"Accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["difference_usd"] == "-0.000105"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"from": "November"}, "from"),
        ({"to": "2026-11-01"}, "to"),
        ({"tz": "Europe/Nowhere"}, "tz"),
        ({"reason": " "}, "reason"),
        ({"reason": 1}, "reason"),
        ({"filters": {"colour": "red"}}, "filters.colour"),
        ({"filters": {"model": []}}, "filters.model"),
        ({"filters": {"model": [1]}}, "filters.model"),
        ({"filters": {"cost_status": "unprised"}}, "filters.cost_status"),
        ({"filters": {"status": ["ok", "fine"]}}, "filters.status"),
        ({"known_at": "2126-01-01T00:00:00Z"}, "known_at"),
        ({"tenants": "acme"}, "body"),
    ],
)
def test_what_cannot_be_repriced_is_refused_with_the_place_of_the_fault(
    client: InProcessClient, body: dict[str, Any], path: str
) -> None:
    answer = client.post("/v1/repricings", json={**_NOVEMBER, **body})
    assert problem_of(answer, 400)["path"] == path


def test_what_is_not_there_is_not_found(client: InProcessClient) -> None:
    problem_of(client.post("/v1/repricings", json={**_NOVEMBER, "tenant": "nobody"}), 404)
    for path in ("/v1/repricings/7", "/v1/repricings/7/differences"):
        problem_of(client.get(path), 404)
    problem_of(client.post("/v1/repricings/7/cancel"), 404)
    problem_of(client.get("/v1/months/2026-10/statement?tenant=nobody"), 404)
    problem_of(client.post("/v1/months/2026-10/close", json={"tenant": "nobody"}), 404)
    problem_of(client.get("/v1/months/2026-10/statement"), 400)
    problem_of(client.get("/v1/months/October/statement?tenant=acme"), 400)


def test_repricings_are_listed_latest_first_and_cancelled(
    client: InProcessClient, database: Database
) -> None:
    numbers = [_post(client)["repricing_id"] for _ in range(3)]
    assert client.post(f"/v1/repricings/{numbers[0]}/cancel").get_json()["state"] == "cancelled"
    first = client.get("/v1/repricings?limit=2").get_json()
    rest = client.get(f"/v1/repricings?limit=2&cursor={first['next']}").get_json()
    listed = [*first["repricings"], *rest["repricings"]]
    assert [one["repricing_id"] for one in listed] == numbers[::-1]
    assert [one["state"] for one in listed] == ["running", "running", "cancelled"]


def test_a_day_is_meant_in_the_tenants_zone(client: InProcessClient) -> None:
    send(client)
    assert _post(client, tenant="acme")["from"] == "2026-11-01T00:00:00Z"
    assert _post(client, tenant="acme", tz="Asia/Tokyo")["from"] == "2026-10-31T15:00:00Z"


def test_a_month_is_closed_shown_and_adjusted(client: InProcessClient, database: Database) -> None:
    month, this = f"{_BEFORE:%Y-%m}", f"{_NOW:%Y-%m}"
    send(client, started_at=_BEFORE.isoformat())
    closed = client.post(f"/v1/months/{month}/close", json={"tenant": "acme"})
    assert (closed.status_code, closed.get_json()["cost_usd"]) == (201, "0.00021")
    again = client.post(f"/v1/months/{month}/close", json={"tenant": "acme"})
    assert (again.status_code, again.get_json()) == (200, closed.get_json())
    problem_of(client.post(f"/v1/months/{this}/close", json={"tenant": "acme"}), 400)
    assert client.get("/v1/months?tenant=acme").get_json()["months"] == [closed.get_json()]
    send(client, started_at=_BEFORE.isoformat())

    period = {"from": f"{month}-01", "to": f"{this}-01"}
    post_price(client)
    problem = problem_of(client.post("/v1/repricings", json={**_NOVEMBER, **period}), 409)
    assert f"acme {month}" in problem["detail"]
    done = _reprice(client, database, **period, adjust_closed=True)
    assert done["difference_usd"] == "0.00198"

    before = client.get(f"/v1/months/{month}/statement?tenant=acme").get_json()
    assert (before["state"], before["total"], before["adjustments"]) == (
        "closed",
        {"calls": 1, "unpriced_calls": 0, "estimated_calls": 0, "cost_usd": "0.00021"},
        [],
    )
    path = f"/v1/months/{this}/statement?tenant=acme"
    statement = client.get(path).get_json()
    adjustment = {"calls": 1, "unpriced_calls": 0, "estimated_calls": 0, "cost_usd": "0.00219"}
    assert statement["state"] == "open"
    assert statement["adjustments"] == [{"month": month, **adjustment}]
    assert statement["total"] == adjustment
    text = client.get(path, headers={"Accept": "text/csv"}).text
    lines = [(row["line"], row["cost_usd"]) for row in csv.DictReader(io.StringIO(text))]
    assert lines == [("usage", "0"), ("adjustment", "0.00219"), ("total", "0.00219")]


def test_the_commands_reprice_close_list_and_show(
    client: InProcessClient, database_url: str, books: Books
) -> None:
    month = f"{_BEFORE:%Y-%m}"
    send(client, started_at=_BEFORE.isoformat())
    post_price(client)
    period = ("--from", f"{month}-01", "--to", f"{_NOW:%Y-%m}-01", "--tenant", "acme")
    dry = run(database_url, "prices", "reprice", *period, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "1 of 1 call would change: 0.00021 USD before, 0.0012 USD after" in dry.stdout
    assert books.rows("SELECT * FROM corrections") == []

    real = run(
        database_url, "prices", "reprice", *period, "--filter", "model=gpt-4o-mini", "--json"
    )
    done, row = map(json.loads, real.stdout.splitlines())
    assert (done["state"], done["calls_changed"], row["difference_usd"]) == ("done", 1, "0.00099")

    closed = run(database_url, "months", "close", month, "--tenant", "acme")
    assert closed.stdout == f"{month} of acme is closed: 1 call, 0.0012 USD.\n"
    listed = json.loads(run(database_url, "months", "list", "--json").stdout)
    assert (listed["month"], listed["cost_usd"]) == (month, "0.0012")
    shown = run(database_url, "months", "show", month, "--tenant", "acme")
    assert "closed" in shown.stdout
    refused = run(database_url, "prices", "reprice", *period)
    assert refused.returncode == 2
    assert "adjust_closed" in refused.stderr
    assert run(database_url, "months", "close", "October", "--tenant", "acme").returncode == 2
