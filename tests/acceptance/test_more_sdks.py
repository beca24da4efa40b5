"""The Anthropic SDK, which makes spans itself, alone and under instrumentations that make more."""

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
from tests.servers.fake_anthropic import CHAT_MODEL, FakeAnthropic, fake_anthropic

_REPOSITORY = Path(__file__).parents[2]
_MILLION = Decimal(1_000_000)

INPUT, READ, WRITTEN, WRITTEN_1H, OUTPUT = (
    Decimal(usd) / _MILLION for usd in ("3", "0.30", "3.75", "6", "15")
)
"""USD per token of Claude Sonnet 4.5, as Anthropic lists them."""

CHAT_COST = 176 * INPUT + 1024 * READ + 300 * WRITTEN + 400 * WRITTEN_1H + 340 * OUTPUT
UNCACHED_COST = 95 * INPUT + 21 * OUTPUT
STREAM_COST = 465 * INPUT + 1536 * READ + 20 * WRITTEN + 30 * WRITTEN_1H + 77 * OUTPUT


class Books(NamedTuple):
    """What the ledger says after one run of the product."""

    instrumentation: str
    served: list[str]
    calls: list[dict[str, Any]]
    spend: list[dict[str, Any]]

    @property
    def answered(self) -> list[dict[str, Any]]:
        """The calls that were not refused."""
        return [call for call in self.calls if call["status"] == "ok"]


@pytest.fixture(scope="module", params=["alone", "openinference", "traceloop"])
def books(request: pytest.FixtureRequest, shared_api: Api) -> Iterator[Books]:
    """One run of each, as a tenant of its own."""
    with fake_anthropic() as provider:
        yield _run(request.param, provider, shared_api)


def _run(instrumentation: str, provider: FakeAnthropic, api: Api) -> Books:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "ANTHROPIC_", "TOLLBOOK_"))
    } | {
        "ANTHROPIC_BASE_URL": provider.base_url,
        "ANTHROPIC_API_KEY": "sk-test",
        "OTEL_EXPORTER_OTLP_ENDPOINT": api.url,
        "OTEL_RESOURCE_ATTRIBUTES": f"tenant.id={instrumentation},service.name=checkout",
    }
    subprocess.run(
        [sys.executable, "-m", "tests.acceptance.clients.instrumented_anthropic", instrumentation],
        env=environment,
        cwd=_REPOSITORY,
        check=True,
        timeout=120,
    )
    spend = api.spend(tenant=instrumentation, group_by="model,status")
    return Books(instrumentation, list(provider.requests), api.calls(instrumentation), spend)


def _tokens(call: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in call["usage"].items() if count}


def test_every_answered_message_becomes_exactly_one_call(books: Books) -> None:
    assert books.served == [
        *["/v1/messages 200"] * 4,
        "/v1/messages/count_tokens 200",
        "/v1/messages 429",
    ]
    assert {call["model"] for call in books.answered} == {CHAT_MODEL}
    assert len(books.answered) == 4


def test_the_tokens_are_disjoint_and_writes_are_told_apart_by_their_lifetime(books: Books) -> None:
    tokens = sorted((_tokens(call) for call in books.answered), key=lambda t: t["input_tokens"])
    stream = {
        "input_tokens": 465,
        "cache_read_tokens": 1536,
        "cache_write_5m_tokens": 20,
        "cache_write_1h_tokens": 30,
        "output_tokens": 77,
    }
    assert tokens == [
        {"input_tokens": 95, "output_tokens": 21},
        {
            "input_tokens": 176,
            "cache_read_tokens": 1024,
            "cache_write_5m_tokens": 300,
            "cache_write_1h_tokens": 400,
            "output_tokens": 340,
        },
        stream,
        stream,
    ]


def test_each_call_has_the_price_worked_out_by_hand(books: Books) -> None:
    costs = sorted(Decimal(call["cost_usd"]) for call in books.answered)
    assert costs == [UNCACHED_COST, STREAM_COST, STREAM_COST, CHAT_COST]
    assert costs[-1] == CHAT_COST == Decimal("0.0094602")


def test_a_refused_message_costs_nothing(books: Books) -> None:
    refused = [call for call in books.calls if call["status"] == "error"]
    assert {(call["cost_usd"], call["cost_reason"]) for call in refused} == {
        ("0", "refused_by_provider")
    }
    # Traceloop tells of it in a trace of its own, without anything that says it is the same.
    assert len(refused) == (2 if books.instrumentation == "traceloop" else 1)


def test_the_spend_is_the_sum_of_the_calls(books: Books) -> None:
    total = UNCACHED_COST + 2 * STREAM_COST + CHAT_COST
    assert sum(row["cost_usd"] for row in books.spend) == total
    assert sum(row["calls"] for row in books.spend) == len(books.calls)
