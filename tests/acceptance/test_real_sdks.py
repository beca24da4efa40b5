"""Real instrumentations of a real client, at their defaults: a request is one priced call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.servers.api import Api
from tests.servers.collectors import collecting
from tests.servers.databases import TestServer
from tests.servers.fake_openai import CHAT_MODEL, EMBEDDINGS_MODEL, FakeOpenAI, fake_openai

_REPOSITORY = Path(__file__).parents[2]
_MILLION = Decimal(1_000_000)

INPUT, CACHED, OUTPUT = (Decimal(usd) / _MILLION for usd in ("0.15", "0.075", "0.60"))
"""USD per token of gpt-4o-mini, as OpenAI lists them; reasoning is charged as output."""
EMBEDDED = Decimal("0.02") / _MILLION
"""USD per token of text-embedding-3-small."""

# 1,200 input tokens of which 1,024 cached; 340 output tokens of which 128 reasoning.
CHAT_COST = 176 * INPUT + 1024 * CACHED + (212 + 128) * OUTPUT
# 2,001 input tokens of which 1,536 cached; 77 output tokens of which 13 reasoning.
STREAM_COST = 465 * INPUT + 1536 * CACHED + (64 + 13) * OUTPUT
EMBEDDINGS_COST = 811 * EMBEDDED


class Books(NamedTuple):
    """What the ledger says after one run of an instrumented product."""

    served: list[str]
    calls: list[dict[str, Any]]
    spend: list[dict[str, Any]]
    calls_after_resending: list[dict[str, Any]]
    spend_after_resending: list[dict[str, Any]]
    metrics_after_resending: str

    def call(self, **wanted: object) -> dict[str, Any]:
        """The one call with these values."""
        (found,) = (call for call in self.calls if wanted.items() <= call.items())
        return found


@pytest.fixture(scope="module", params=["opentelemetry", "openinference"])
def books(request: pytest.FixtureRequest, server: TestServer) -> Iterator[Books]:
    """One run of each SDK against a collector of its own."""
    with (
        server.fresh_database() as database_url,
        collecting(database_url) as collector,
        fake_openai() as provider,
    ):
        yield _run(request.param, provider, Api(collector.url))


def _run(instrumentation: str, provider: FakeOpenAI, api: Api) -> Books:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "OPENAI_", "TOLLBOOK_"))
    } | {
        "OPENAI_BASE_URL": provider.base_url,
        "OPENAI_API_KEY": "sk-test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": api.url,
        "OTEL_RESOURCE_ATTRIBUTES": "tenant.id=acme,service.name=checkout",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.clients.instrumented", instrumentation],
        env=environment,
        cwd=_REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as product:
        assert product.stdin is not None
        assert product.stdout is not None
        assert product.stdout.readline() == "exported\n"
        calls, spend = api.calls("acme"), _spend(api)
        product.stdin.write("again\n")
        product.stdin.flush()
        assert product.stdout.readline() == "exported again\n"
        again = api.calls("acme"), _spend(api)
    assert product.returncode == 0
    books = Books(list(provider.requests), calls, spend, *again, api.metrics())
    api.close()
    return books


def _spend(api: Api) -> list[dict[str, Any]]:
    return api.spend(tenant="acme", group_by="model,operation,status,service")


def _tokens(call: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in call["usage"].items() if count}


def test_every_request_becomes_exactly_one_call(books: Books) -> None:
    assert books.served == [
        "/v1/chat/completions 200",
        "/v1/chat/completions 200",
        "/v1/chat/completions 200",
        "/v1/embeddings 200",
        "/v1/chat/completions 429",
    ]
    assert len(books.calls) == 5
    assert {(call["tenant"], call["service"]) for call in books.calls} == {("acme", "checkout")}


def test_a_plain_chat_has_disjoint_tokens_and_the_price_worked_out_by_hand(books: Books) -> None:
    call = books.call(model=CHAT_MODEL, status="ok", time_to_first_token_seconds=None)
    assert _tokens(call) == {
        "input_tokens": 176,
        "cache_read_tokens": 1024,
        "output_tokens": 212,
        "reasoning_tokens": 128,
    }
    assert call["cost_status"] == "priced"
    assert Decimal(call["cost_usd"]) == CHAT_COST == Decimal("0.0003072")


def test_a_streamed_chat_has_tokens_price_and_time_to_first_token(books: Books) -> None:
    (call,) = (
        call
        for call in books.calls
        if call["model"] == CHAT_MODEL and call["time_to_first_token_seconds"] is not None
    )
    assert _tokens(call) == {
        "input_tokens": 465,
        "cache_read_tokens": 1536,
        "output_tokens": 64,
        "reasoning_tokens": 13,
    }
    assert call["cost_status"] == "priced"
    assert Decimal(call["cost_usd"]) == STREAM_COST == Decimal("0.00023115")
    assert 0 < call["time_to_first_token_seconds"] <= call["duration_seconds"] < 30


def test_a_stream_that_reported_no_usage_is_unpriced_and_not_free(books: Books) -> None:
    call = books.call(model="gpt-4o")
    assert (call["status"], call["cost_status"], call["cost_usd"]) == ("ok", "unpriced", None)
    assert call["cost_reason"] == "usage_unknown"
    assert set(call["usage"].values()) == {None}


def test_embeddings_are_priced_as_embeddings(books: Books) -> None:
    call = books.call(operation="embeddings")
    assert (call["model"], call["provider"]) == (EMBEDDINGS_MODEL, "openai")
    assert _tokens(call) == {"input_tokens": 811}
    assert call["cost_status"] == "priced"
    assert Decimal(call["cost_usd"]) == EMBEDDINGS_COST == Decimal("0.00001622")


def test_a_request_refused_with_429_is_an_error_that_costs_nothing(books: Books) -> None:
    call = books.call(status="error")
    assert set(call["usage"].values()) == {None}
    assert (call["cost_status"], call["cost_usd"]) == ("priced", "0"), call["error_type"]
    assert call["cost_reason"] == "refused_by_provider"


def test_the_spend_is_the_sum_of_the_calls(books: Books) -> None:
    assert sum(row["cost_usd"] for row in books.spend) == CHAT_COST + STREAM_COST + EMBEDDINGS_COST
    assert sum(row["calls"] for row in books.spend) == 5
    assert sum(row["errors"] for row in books.spend) == 1
    chats = [row for row in books.spend if row["model"] == CHAT_MODEL and row["status"] == "ok"]
    (row,) = chats
    assert (row["calls"], row["cost_usd"]) == (2, CHAT_COST + STREAM_COST)
    assert (row["input_tokens"], row["cache_read_tokens"]) == (641, 2560)
    assert (row["output_tokens"], row["reasoning_tokens"]) == (276, 141)


def test_the_same_export_again_doubles_nothing(books: Books) -> None:
    assert books.calls_after_resending == books.calls
    assert books.spend_after_resending == books.spend
    assert 'tollbook_ingest_calls_total{receiver="traces",result="booked"} 5\n' in (
        books.metrics_after_resending
    )
    assert 'tollbook_ingest_calls_total{receiver="traces",result="duplicate"} 5\n' in (
        books.metrics_after_resending
    )
