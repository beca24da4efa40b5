"""What a call's row holds is what its sender said."""

from __future__ import annotations

from decimal import Decimal

from tests.factories.calls import a_record
from tests.integration.books import Books
from tests.servers.in_process import InProcessClient

_SAID = {
    "request_model": "gpt-4o",
    "operation": "chat",
    "time_to_first_token_seconds": 0.25,
    "feature": "search",
    "user": "u-1",
    "session": "s-1",
    "prompt_name": "answer",
    "prompt_version": "v7",
    "service": "api",
    "environment": "production",
    "region": "eu-central-1",
    "service_tier": "default",
    "trace_id": "t" * 32,
    "span_id": "s" * 16,
    "operation_id": "op-1",
    "attempt": 2,
    "response_id": "resp-1",
    "reservation_id": "res-1",
    "verdict": "accepted",
    "tags": {"team": "növa", "tries": 3, "share": 0.5, "beta": True},
}


def test_every_field_comes_back_as_it_was_sent(client: InProcessClient) -> None:
    record = a_record(**_SAID, reported_cost_usd="0.1234")
    assert client.post("/v1/calls", json=[record]).get_json()["booked"] == 1
    (call,) = client.get("/v1/calls?tenant=acme").get_json()["calls"]
    assert {name: call[name] for name in _SAID} == _SAID
    assert Decimal(call["reported_cost_usd"]) == Decimal("0.1234")
    assert call["usage"]["input_tokens"] == 1000
    assert call["usage"]["cache_read_tokens"] is None


def test_tags_and_raw_usage_are_json_objects_in_sql(client: InProcessClient, books: Books) -> None:
    inclusive = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
    client.post("/v1/calls", json=[a_record(usage=inclusive, tags={"team": "növa"})])
    assert books.rows("SELECT tags ->> 'team' AS team, raw_usage FROM calls") == [
        {"team": "növa", "raw_usage": inclusive}
    ]


def test_a_providers_own_usage_is_priced_by_its_parts_and_shown_as_it_came(
    client: InProcessClient,
) -> None:
    raw = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 600},
    }
    apart = {"input_tokens": 400, "cache_read_tokens": 600, "output_tokens": 100}
    records = [a_record(id="1", usage=None, raw_usage=raw), a_record(id="2", usage=apart)]
    assert client.post("/v1/calls", json=records).get_json()["booked"] == 2
    first, second = client.get("/v1/calls?tenant=acme").get_json()["calls"]
    assert first["usage"] == second["usage"]
    assert first["cost_usd"] == second["cost_usd"] is not None
    assert {first["id"]: first["raw_usage"], second["id"]: second["raw_usage"]} == {
        "1": raw,
        "2": None,
    }


def test_a_price_version_keeps_its_rates_as_json(client: InProcessClient, books: Books) -> None:
    client.post("/v1/calls", json=[a_record()])
    (row,) = books.rows(
        "SELECT p.*, rates -> 'input_tokens' ->> 'yocto_usd_per_token' AS price"
        " FROM price_versions AS p JOIN calls USING (price_version)"
    )
    assert (row["catalog_provider"], row["catalog_model"]) == ("openai", "gpt-4o-mini")
    # $0.15 per million tokens in 1e-24 USD a token.
    assert row["price"] == "150000000000000000"
    assert row["context"] == {}
