"""GET /v1/spend's figures against the calls they are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.factories.calls import a_record
from tests.servers.in_process import InProcessClient

_PRICE = {"gpt-4o": (Decimal("2.5"), Decimal(10)), "gpt-4o-mini": (Decimal("0.15"), Decimal("0.6"))}
_FIRST = datetime(2026, 10, 24, tzinfo=UTC)


def _cost(record: dict[str, Any]) -> Decimal:
    """List price by hand: USD per million tokens, as OpenAI publishes them."""
    price_in, price_out = _PRICE[record["model"]]
    usage = record["usage"]
    micro_usd: Decimal = usage["input_tokens"] * price_in + usage["output_tokens"] * price_out
    return micro_usd / 1_000_000


@pytest.fixture
def records(client: InProcessClient) -> list[dict[str, Any]]:
    """Calls of two tenants over three days on which Europe's clocks change."""
    random = Random(3)
    records = [
        a_record(
            tenant=random.choice(["acme", "globex"]),
            model=random.choice(list(_PRICE)),
            feature=random.choice(["search", "chat"]),
            started_at=(_FIRST + timedelta(seconds=random.uniform(0, 3 * 86_400))).isoformat(),
            usage={"input_tokens": random.randrange(9000), "output_tokens": random.randrange(900)},
            duration_seconds=random.lognormvariate(0, 1),
        )
        for _ in range(900)
    ]
    assert client.post("/v1/calls", json=records).get_json()["booked"] == 900
    return records


def _spend(client: InProcessClient, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/spend", query_string=parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.get_json()["rows"]
    return rows


def test_the_whole_is_the_sum_of_its_calls_to_the_last_digit(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    (row,) = _spend(client)
    assert Decimal(row["cost_usd"]) == sum(map(_cost, records))
    assert row["calls"] == 900
    assert row["input_tokens"] == sum(record["usage"]["input_tokens"] for record in records)


def test_groups_hold_what_belongs_to_them(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    rows = _spend(client, group_by="tenant,model")
    assert len(rows) == 4
    for row in rows:
        own = [
            record
            for record in records
            if (record["tenant"], record["model"]) == (row["tenant"], row["model"])
        ]
        assert Decimal(row["cost_usd"]) == sum(map(_cost, own))
        assert row["calls"] == len(own)


def test_a_range_that_starts_and_ends_within_an_hour_is_exact(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    start, end = _FIRST + timedelta(hours=5, minutes=17), _FIRST + timedelta(hours=31, seconds=1)
    own = [r for r in records if start <= datetime.fromisoformat(r["started_at"]) < end]
    (row,) = _spend(client, **{"from": start.isoformat(), "to": end.isoformat()})
    assert (row["calls"], Decimal(row["cost_usd"])) == (len(own), sum(map(_cost, own)))


def test_a_range_within_one_hour_is_exact(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    start, end = _FIRST + timedelta(minutes=7), _FIRST + timedelta(minutes=52)
    own = [r for r in records if start <= datetime.fromisoformat(r["started_at"]) < end]
    (row,) = _spend(client, **{"from": start.isoformat(), "to": end.isoformat()})
    assert own
    assert (row["calls"], Decimal(row["cost_usd"])) == (len(own), sum(map(_cost, own)))


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"]
)
def test_days_of_any_zone_add_up_even_when_the_clock_changes(
    client: InProcessClient, records: list[dict[str, Any]], zone: str
) -> None:
    rows = _spend(client, interval="day", tz=zone)
    assert sum(Decimal(row["cost_usd"]) for row in rows) == sum(map(_cost, records))
    starts = [datetime.fromisoformat(row["start"]) for row in rows]
    assert all((start.hour, start.minute) == (0, 0) for start in starts)


def test_the_day_of_25_hours_holds_25_hours(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    rows = _spend(client, interval="day", tz="Europe/Berlin")
    (row,) = [row for row in rows if row["start"].startswith("2026-10-25")]
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    own = [
        record
        for record in records
        if start <= datetime.fromisoformat(record["started_at"]) < start + timedelta(hours=25)
    ]
    assert row["calls"] == len(own)


def test_percentiles_are_within_five_percent(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    for row in _spend(client, group_by="feature"):
        durations = sorted(
            record["duration_seconds"] for record in records if record["feature"] == row["feature"]
        )
        for name, share in (("p50_seconds", 0.5), ("p95_seconds", 0.95), ("p99_seconds", 0.99)):
            exact = durations[-(-len(durations) * round(share * 100) // 100) - 1]
            assert row[name] == pytest.approx(exact, rel=0.05)


def test_a_filter_keeps_other_values_out(
    client: InProcessClient, records: list[dict[str, Any]]
) -> None:
    (row,) = _spend(client, tenant="acme", model="gpt-4o")
    own = [r for r in records if r["tenant"] == "acme" and r["model"] == "gpt-4o"]
    assert Decimal(row["cost_usd"]) == sum(map(_cost, own))


def test_an_empty_ledger_answers_zero_and_not_null(client: InProcessClient) -> None:
    (row,) = _spend(client)
    assert (row["calls"], row["cost_usd"], row["p95_seconds"]) == (0, "0", None)
