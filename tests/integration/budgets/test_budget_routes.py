"""/v1/budgets and `tollbook budgets`: set, shown, changed, ended; what is wrong is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from ledger.domain.money import usd_text
from ledger.storage.database import Database
from tests.factories.calls import a_call
from tests.integration.api.problems import problem_of
from tests.integration.bookings import Teller
from tests.servers.commands import run
from tests.servers.in_process import InProcessClient

_COST_USD = "0.00021"
"""Of a call that the factory makes."""


def _now() -> datetime:
    return datetime.now(UTC)


def _post(client: InProcessClient, **body: Any) -> dict[str, Any]:
    body = {"name": "all", "scope": {"tenant": "acme"}, "amount_usd": "10", "period": "month",
            "action": "block", **body}  # fmt: skip
    answer = client.post("/v1/budgets", json=body)
    assert answer.status_code == 201, answer.text
    budget: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/v1/budgets/{budget['id']}"
    return budget


def test_a_budget_is_shown_with_what_was_spent(client: InProcessClient, database: Database) -> None:
    Teller(database).tell([a_call(started_at=_now())])
    budget = _post(client)
    assert budget["ready"] is True
    assert budget["spent_usd"] == _COST_USD
    assert budget["remaining_usd"] == usd_text(10 * 10**12 - 210_000_000)
    assert budget["thresholds"] == [0.5, 0.8, 1.0]
    assert (budget["time_zone"], budget["calls"], budget["crossed"]) == ("UTC", 1, [])
    again = client.get(f"/v1/budgets/{budget['id']}").get_json()
    assert again | {"forecast_usd": None} == budget | {"forecast_usd": None}
    (listed,) = client.get("/v1/budgets?tenant=acme").get_json()["budgets"]
    assert (listed["id"], listed["spent_usd"]) == (budget["id"], _COST_USD)


def test_values_are_shown_by_what_they_used_a_page_at_a_time(
    client: InProcessClient, database: Database
) -> None:
    calls = [a_call(started_at=_now(), user=f"u{n}") for n in range(3) for _ in range(n + 1)]
    Teller(database).tell(calls)
    budget = _post(client, scope={"tenant": "acme", "user": "*"})
    assert budget["values_count"] == 3
    assert [one["value"] for one in budget["values"]] == [{"user": f"u{n}"} for n in (2, 1, 0)]
    seen, cursor = [], ""
    while cursor is not None:
        question = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        answer = client.get(f"/v1/budgets/{budget['id']}", query_string=question).get_json()
        seen += answer["values"]
        cursor = answer["next"]
    assert [one["calls"] for one in seen] == [3, 2, 1]


def test_a_budget_in_tokens_counts_tokens(client: InProcessClient, database: Database) -> None:
    Teller(database).tell([a_call(started_at=_now())])
    budget = _post(client, amount_usd=None, amount_tokens=2200)
    assert (budget["spent_tokens"], budget["remaining_tokens"]) == (1100, 1100)
    assert (budget["used_ratio"], budget["crossed"]) == (0.5, [0.5])
    assert "amount_usd" not in budget


def test_changes_hold_and_what_was_said_before_is_kept(
    client: InProcessClient, database: Database
) -> None:
    budget = _post(client)
    changed = client.open(
        f"/v1/budgets/{budget['id']}", method="PATCH", json={"amount_usd": "20", "action": "notify",
                                                            "thresholds": [0.9]},
    ).get_json()  # fmt: skip
    assert (changed["amount_usd"], changed["action"], changed["thresholds"]) == (
        "20", "notify", [0.9],
    )  # fmt: skip
    assert changed["limit_usd"] == "20"
    periods = client.get(f"/v1/budgets/{budget['id']}/history?periods=2").get_json()["periods"]
    assert [one["limit_usd"] for one in periods] == ["20", "10"]


def test_an_ended_budget_is_listed_only_when_asked_for(client: InProcessClient) -> None:
    budget = _post(client)
    ended = client.delete(f"/v1/budgets/{budget['id']}")
    assert ended.get_json()["ended_at"]
    assert client.get("/v1/budgets").get_json()["budgets"] == []
    (one,) = client.get("/v1/budgets?ended=true").get_json()["budgets"]
    assert one["id"] == budget["id"]
    problem_of(client.delete(f"/v1/budgets/{budget['id']}"), 404)
    _post(client)


def test_a_name_is_taken_once(client: InProcessClient) -> None:
    _post(client)
    body = {"name": "all", "scope": {"tenant": "acme"}, "amount_usd": "1", "period": "day",
            "action": "notify"}  # fmt: skip
    problem_of(client.post("/v1/budgets", json=body), 409)
    _post(client, scope={"tenant": "other"})
    other = _post(client, name="second")
    patched = client.open(f"/v1/budgets/{other['id']}", method="PATCH", json={"name": "all"})
    problem_of(patched, 409)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": ""}, "name"),
        ({"amount_usd": "0"}, "amount_usd"),
        ({"amount_usd": "-1"}, "amount_usd"),
        ({"amount_usd": "NaN"}, "amount_usd"),
        ({"amount_usd": "0.0000000000001"}, "amount_usd"),
        ({"amount_usd": "1e40"}, "amount_usd"),
        ({"amount_tokens": 5}, "amount_usd"),
        ({"amount_usd": None}, "amount_usd"),
        ({"period": "year"}, "period"),
        ({"period": "rolling"}, "window_seconds"),
        ({"period": "rolling", "window_seconds": 1000}, "window_seconds"),
        ({"window_seconds": 900}, "window_seconds"),
        ({"action": "shout"}, "action"),
        ({"scope": {"planet": "mars"}}, "scope.planet"),
        ({"scope": {"tags.": "x"}}, "scope.tags."),
        ({"scope": {"status": "okay"}}, "scope.status"),
        ({"scope": {"tenant": ""}}, "scope.tenant"),
        ({"thresholds": [0]}, "thresholds[0]"),
        ({"thresholds": ["1e-999999"]}, "thresholds[0]"),
        ({"amount_usd": "1.00000000000000000000000000000000001"}, "amount_usd"),
        ({"amount_usd": "1e-999999"}, "amount_usd"),
        ({"thresholds": [0.5, 0.5]}, "thresholds"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"fail": "sometimes"}, "fail"),
        ({"rollover_cap_usd": "1", "amount_usd": None, "amount_tokens": 1}, "rollover_cap_usd"),
        ({"rollover_cap_usd": "1", "period": "rolling", "window_seconds": 900},
         "rollover_cap_usd"),
        ({"amuont_usd": "1"}, "body"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    client: InProcessClient, changes: dict[str, Any], path: str
) -> None:
    body = {"name": "all", "scope": {"tenant": "acme"}, "amount_usd": "10", "period": "month",
            "action": "block", **changes}  # fmt: skip
    problem = problem_of(client.post("/v1/budgets", json=body), 400)
    assert problem["path"] == path


def test_unknown_budgets_and_values_are_said_to_be_so(client: InProcessClient) -> None:
    problem_of(client.get(f"/v1/budgets/{uuid4()}"), 404)
    problem_of(client.get("/v1/budgets/no-id"), 404)
    budget = _post(client, scope={"tenant": "acme", "user": "*"})
    problem = problem_of(client.get(f"/v1/budgets/{budget['id']}/history"), 400)
    assert problem["parameter"] == "user"
    found = client.get(f"/v1/budgets/{budget['id']}/history?user=nobody").get_json()["periods"]
    assert {one["spent_usd"] for one in found} == {"0"}


def test_gauges_show_budgets_and_their_values(client: InProcessClient, database: Database) -> None:
    Teller(database).tell([a_call(started_at=_now(), user=f"u{n}") for n in range(60)])
    _post(client)
    _post(client, name="each", scope={"tenant": "acme", "user": "*"})
    _post(client, name="tokens", amount_usd=None, amount_tokens=66_000_000)
    text = client.get("/metrics").get_data(as_text=True)
    assert 'tollbook_budget_limit_usd{tenant="acme",budget="all",value=""} 10' in text
    assert 'tollbook_budget_spent_usd{tenant="acme",budget="all",value=""} 0.0126' in text
    assert 'tollbook_budget_reserved_usd{tenant="acme",budget="all",value=""} 0' in text
    assert 'tollbook_budget_used_ratio{tenant="acme",budget="tokens",value=""} 0.001' in text
    each = [line for line in text.splitlines() if 'spent_usd{tenant="acme",budget="each"' in line]
    assert len(each) == 51
    assert 'tollbook_budget_spent_usd{tenant="acme",budget="each",value="other"} 0.0021' in each


def test_the_command_line_sets_lists_shows_and_ends(database_url: str) -> None:
    options = ("--scope", "tenant=acme", "--scope", "user=*", "--usd", "5", "--action", "block")
    done = run(database_url, "budgets", "create", "each", *options, "--json")
    assert done.returncode == 0, done.stderr
    budget = json.loads(done.stdout)
    assert (budget["amount_usd"], budget["scope"]["user"], budget["ready"]) == ("5", "*", True)
    assert "each" in run(database_url, "budgets", "list").stdout
    assert run(database_url, "budgets", "show", budget["id"]).returncode == 0
    assert run(database_url, "budgets", "end", budget["id"]).returncode == 0
    assert json.loads(run(database_url, "budgets", "list", "--ended", "--json").stdout)["ended_at"]
    wrong = run(database_url, "budgets", "create", "x", "--scope", "tenant=acme")
    assert wrong.returncode == 2
    assert "amount_usd" in wrong.stderr
