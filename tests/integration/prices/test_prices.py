"""/v1/prices, /v1/exchange-rates and /v1/calls/{id}/cost: set, price, explain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.factories.calls import START, a_record
from tests.integration.api.problems import problem_of
from tests.servers.in_process import InProcessClient

_DEARER = {"input": {"per_million": "3"}, "output": {"per_million": "6"}}
ALWAYS = "2015-01-01T00:00:00Z"


def post_price(client: InProcessClient, **changes: Any) -> dict[str, Any]:
    body = {
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "rates": {"input": {"per_million": "1"}, "output": {"per_million": "2"}},
        "valid_from": ALWAYS,
        **changes,
    }
    if "factor" in changes:
        del body["rates"]
    answer = client.post("/v1/prices", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def post_rate(client: InProcessClient, **changes: Any) -> dict[str, Any]:
    body = {"currency": "EUR", "valid_on": "2026-11-02", "usd_per_unit": "1.0871", **changes}
    answer = client.post("/v1/exchange-rates", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def send(client: InProcessClient, **changes: Any) -> str:
    record = a_record(**changes)
    answer = client.post("/v1/calls", json=[record])
    assert answer.get_json()["booked"] == 1, answer.text
    return str(record["id"])


def cost_of(client: InProcessClient, call_id: str, **question: str) -> dict[str, Any]:
    answer = client.get(f"/v1/calls/{call_id}/cost", query_string={"tenant": "acme", **question})
    assert answer.status_code == 200, answer.text
    found = dict(answer.get_json())
    items = found["line_items"]
    if found["cost_usd"] is not None:
        assert sum(Decimal(item["cost_usd"]) for item in items) == Decimal(found["cost_usd"])
    for item in items:
        exact = item["quantity"] * Decimal(item["unit_price_usd"]) * Decimal(item["factor"])
        assert abs(exact - Decimal(item["cost_usd"])) <= Decimal("0.5e-12")
        assert item["price_version"] == found["price_version"]
    return found


def test_a_price_set_by_the_api_prices_a_call_and_is_explained(client: InProcessClient) -> None:
    price = post_price(client, note="contract 12/2026")
    found = cost_of(client, send(client))
    assert (found["cost_usd"], found["status"], found["reason"]) == ("0.0012", "priced", None)
    (read, said) = found["line_items"]
    assert read == {
        "token_type": "input",
        "quantity": 1000,
        "unit": "token",
        "unit_price_usd": "0.000001",
        "factor": "1",
        "cost_usd": "0.001",
        "price_version": found["price_version"],
        "source": f"price {price['price_id']}",
        "valid_from": "2015-01-01T00:00:00+00:00",
        "currency": "USD",
        "unit_price": "0.000001",
        "usd_per_unit": "1",
        "exchanged_on": None,
        "charged_as": "input",
        "above_input_tokens": None,
    }
    assert (said["token_type"], said["cost_usd"]) == ("output", "0.0002")


def test_the_catalogs_price_is_explained_too(client: InProcessClient) -> None:
    found = cost_of(client, send(client))
    assert found["cost_usd"] == "0.00021"
    assert {item["source"].split()[0] for item in found["line_items"]} == {"genai-prices"}


def test_a_factor_is_shown_beside_the_catalogs_price(client: InProcessClient) -> None:
    post_price(client, factor="0.8", model="*")
    found = cost_of(client, send(client))
    assert found["cost_usd"] == "0.000168"
    assert [(item["unit_price_usd"], item["factor"]) for item in found["line_items"]] == [
        ("0.00000015", "0.8"),
        ("0.0000006", "0.8"),
    ]


def test_a_price_in_euros_needs_a_rate_of_the_week(client: InProcessClient) -> None:
    post_price(client, currency="EUR")
    waiting = cost_of(client, send(client))
    assert (waiting["cost_usd"], waiting["status"]) == (None, "unpriced")
    assert waiting["reason"] == "no_exchange_rate_for_EUR"
    assert "exchange rate" in waiting["advice"]


def test_a_cost_in_euros_keeps_its_currency(client: InProcessClient) -> None:
    post_price(client, currency="EUR")
    post_rate(client, source="ECB")
    found = cost_of(client, send(client))
    assert found["cost_usd"] == "0.00130452"
    (read, _) = found["line_items"]
    assert (read["currency"], read["unit_price"], read["unit_price_usd"]) == (
        "EUR",
        "0.000001",
        "0.0000010871",
    )
    assert (read["usd_per_unit"], read["exchanged_on"]) == ("1.0871", "2026-11-02")


def test_a_figure_may_be_a_number_and_is_kept_as_it_is_written(client: InProcessClient) -> None:
    price = post_price(client, rates={"input_tokens": {"per_million": 0.1}})
    assert price["rates"] == {"input": {"per_million": "0.1"}}


def test_a_fee_per_request_is_a_line_of_its_own(client: InProcessClient) -> None:
    post_price(client, rates={"request": {"each": "0.01"}})
    found = cost_of(client, send(client))
    (fee,) = found["line_items"]
    assert (fee["token_type"], fee["quantity"], fee["unit"]) == ("request", 1, "request")
    assert found["cost_usd"] == fee["unit_price_usd"] == "0.01"


def test_a_call_that_arrives_three_days_late_is_priced_by_its_own_time(
    client: InProcessClient,
) -> None:
    change = datetime.now(UTC) - timedelta(days=3)
    post_price(client, valid_to=change.isoformat())
    post_price(client, valid_from=change.isoformat(), rates=_DEARER)
    usage = {"input_tokens": 1000, "output_tokens": 0}
    first = {"started_at": change.isoformat(), "usage": usage}
    last = {"started_at": (change - timedelta(microseconds=1)).isoformat(), "usage": usage}
    new, old = send(client, id="new", **first), send(client, id="old", **last)
    assert cost_of(client, old)["cost_usd"] == "0.001"
    assert cost_of(client, new)["cost_usd"] == "0.003"


def test_a_withdrawn_price_prices_nothing_more_and_stays_explained(
    client: InProcessClient,
) -> None:
    price = post_price(client)
    before = send(client)
    withdrawn = client.delete(f"/v1/prices/{price['price_id']}").get_json()
    assert withdrawn["withdrawn_at"] is not None
    problem_of(client.delete(f"/v1/prices/{price['price_id']}"), 404)
    assert cost_of(client, before)["cost_usd"] == "0.0012"
    assert client.get("/v1/prices").get_json() == {"prices": [], "next": None}
    (kept,) = client.get("/v1/prices?withdrawn=true").get_json()["prices"]
    assert kept["withdrawn_by"] == "local operator"


def test_any_past_state_of_knowledge_can_be_asked_for(client: InProcessClient) -> None:
    first = post_price(client)
    second = post_price(client, replaces=first["price_id"], rates={"input": {"per_million": "3"}})
    now = [price["price_id"] for price in client.get("/v1/prices").get_json()["prices"]]
    assert now == [second["price_id"]]
    then = client.get("/v1/prices", query_string={"known_at": first["recorded_at"]}).get_json()
    assert [price["price_id"] for price in then["prices"]] == [first["price_id"]]


def test_prices_are_filtered_by_the_time_of_calls(client: InProcessClient) -> None:
    post_price(client, valid_to="2026-01-01T00:00:00Z")
    later = post_price(client, valid_from="2026-01-01T00:00:00Z", tenant="*")
    at = client.get("/v1/prices?at=2026-01-01T00:00:00Z&tenant=acme").get_json()["prices"]
    assert [price["price_id"] for price in at] == [later["price_id"]]


def test_prices_come_a_page_at_a_time(client: InProcessClient) -> None:
    for model in ("a", "b", "c"):
        post_price(client, model=model)
    first = client.get("/v1/prices?limit=2").get_json()
    rest = client.get("/v1/prices", query_string={"cursor": first["next"]}).get_json()
    models = [price["model"] for price in first["prices"] + rest["prices"]]
    assert (models, rest["next"]) == (["a", "b", "c"], None)


def test_a_free_call_says_why(client: InProcessClient) -> None:
    call = send(client, status="error", error_type="429", usage={})
    found = cost_of(client, call)
    assert (found["cost_usd"], found["reason"]) == ("0", "refused_by_provider")
    assert found["line_items"] == []


def test_an_unknown_model_is_told_with_likely_ones(client: InProcessClient) -> None:
    client.put(
        "/v1/aliases",
        json={"tenant": "acme", "alias": "gpt4omini-prod", "target_model": "gpt-4o-mini"},
    )
    found = cost_of(client, send(client, model="gpt-4o-minni"))
    assert (found["status"], found["reason"]) == ("unpriced", "model_unknown")
    assert found["suggestions"][0] == {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "reason": "a similar name in the catalog",
    }
    assert "aliases" in found["advice"]


def test_a_model_of_another_provider_is_offered(client: InProcessClient) -> None:
    found = cost_of(client, send(client, provider="openai", model="claude-sonnet-4-5"))
    assert ("anthropic", "claude-sonnet-4-5") in {
        (one["provider"], one["model"]) for one in found["suggestions"]
    }


def test_of_several_calls_of_an_id_the_one_meant_is_said_by_its_start(
    client: InProcessClient,
) -> None:
    send(client, id="twice")
    problem_of(client.get("/v1/calls/nowhere/cost?tenant=acme"), 404)
    problem_of(client.get("/v1/calls/twice/cost"), 400)
    assert cost_of(client, "twice", started_at=START.isoformat())["cost_usd"] == "0.00021"
    problem_of(client.get("/v1/calls/twice/cost?tenant=acme&started_at=2026-01-01"), 404)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"rates": {}, "factor": "1"}, "rates"),
        ({"rates": {"inptu": {"per_million": "1"}}}, "rates.inptu"),
        ({"rates": {"input": {"each": "1"}}}, "rates.input"),
        ({"rates": {"request": {"per_million": "1"}}}, "rates.request"),
        ({"rates": {"input": {"per_million": "-1"}}}, "rates.input.per_million"),
        ({"rates": {"input": {"per_million": "1e-13"}}}, "rates.input.per_million"),
        ({"rates": {"input": {"per_million": "NaN"}}}, "rates.input.per_million"),
        ({"rates": {"input": {"per_million": "x"}}}, "rates[...].per_million"),
        ({"model": "*"}, "model"),
        ({"currency": "euro"}, "currency"),
        ({"context": {"weekday": "monday"}}, "context.weekday"),
        ({"valid_to": ALWAYS}, "valid_to"),
        ({"valid_from": "2026-01-01T00:00:00"}, "valid_from"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from"),
        ({"tenant": ""}, "tenant"),
        ({"provider": "*"}, "provider"),
        ({"note": "\x00"}, "note"),
        ({"factr": "1"}, "body"),
    ],
    ids=str,
)
def test_a_price_that_cannot_be_is_refused_by_name(
    client: InProcessClient, changes: dict[str, Any], path: str
) -> None:
    body = {
        "tenant": "acme",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "rates": {"input": {"per_million": "1"}},
        "valid_from": ALWAYS,
        **changes,
    }
    problem = problem_of(client.post("/v1/prices", json=body), 400)
    assert problem["path"] == path, problem
    assert client.get("/v1/prices").get_json()["prices"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "USD"},
        {"currency": "Euro"},
        {"usd_per_unit": "0"},
        {"usd_per_unit": "-1"},
        {"valid_on": "yesterday"},
    ],
    ids=str,
)
def test_a_rate_that_cannot_be_is_refused(client: InProcessClient, changes: dict[str, Any]) -> None:
    body = {"currency": "EUR", "valid_on": "2026-11-02", "usd_per_unit": "1.0871", **changes}
    problem_of(client.post("/v1/exchange-rates", json=body), 400)
    assert client.get("/v1/exchange-rates").get_json()["exchange_rates"] == []


def test_a_corrected_rate_stands_beside_the_first(client: InProcessClient) -> None:
    post_rate(client)
    post_rate(client, usd_per_unit="1.09")
    rates = client.get("/v1/exchange-rates?currency=EUR").get_json()["exchange_rates"]
    assert [rate["usd_per_unit"] for rate in rates] == ["1.09", "1.0871"]
