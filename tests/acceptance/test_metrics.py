"""/metrics under load: bounded, exact, the same from every process, and never falling."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from collector.app import Collector
from ledger.domain.usage import TOKEN_FIELDS
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.servers.api import Api
from tests.servers.collectors import collecting
from tests.servers.exposition import Sample, samples, total
from tests.servers.in_process import InProcessClient
from tests.servers.mixture import mixed_records

Series = dict[tuple[str, frozenset[tuple[str, str]]], Decimal]
"""Value of each counter by its name and labels."""

_OTHER = {"tenant": "other", "feature": "other", "model": "other"}


def _diverse_records(prefix: str, count: int) -> list[dict[str, Any]]:
    """Records of which each has a label set of its own and everything that makes sample lines."""
    usage = {name: 10 + place for place, name in enumerate(TOKEN_FIELDS)}
    return [
        a_record(
            id=f"{prefix}-{number}-{status}",
            tenant=f"{prefix}-tenant-{number % 7}",
            feature=f"feature-{number}",
            operation=("chat", "completion")[number % 2],
            model=("gpt-4o-mini", "gpt-4o", "gpt-4.1")[number % 3],
            status=status,
            usage=usage,
            time_to_first_token_seconds=0.2,
        )
        for number in range(count)
        for status in ("ok", "error")
    ]


def _counters(exposition: str) -> Iterator[Sample]:
    for sample in samples(exposition):
        if sample.name.endswith(("_total", "_bucket", "_count", "_sum")):
            yield sample


def _by_series(exposition: str) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for sample in _counters(exposition)
    }


def _exposition_with(api: Api, calls: int, *, seconds: float = 10.0) -> str:
    """The exposition once it counts this many calls."""
    deadline = time.monotonic() + seconds
    counted = Decimal(0)
    while time.monotonic() < deadline:
        exposition = api.metrics()
        counted = total(exposition, "tollbook_llm_calls_total")
        if counted == calls:
            return exposition
        time.sleep(0.05)
    raise AssertionError(f"/metrics counts {counted} calls and not {calls} after {seconds} s")


@pytest.mark.parametrize("most", [1000, 1500])
def test_new_labels_become_other_at_the_bound_and_the_sums_stay_exact(
    database_url: str, most: int
) -> None:
    booked = 0
    before: Series = {}
    with collecting(database_url, ingest_workers="1", metrics_max_samples=str(most)) as collector:
        api = Api(collector.url)
        for prefix in ("early", "late", "last"):
            booked += api.book(_diverse_records(prefix, 40))["booked"]
            exposition = _exposition_with(api, booked)
            now = _by_series(exposition)
            assert [key for key, value in before.items() if now.get(key, 0) < value] == []
            before = now
            assert len(list(samples(exposition))) <= most
            _assert_sums_are_the_ledgers(exposition, api)
        api.close()
    assert booked == 240
    admitted = {
        sample.labels["tenant"]
        for sample in samples(exposition, "tollbook_llm_calls_total")
        if sample.labels["feature"] != "other"
    }
    assert admitted
    assert all(tenant.startswith("early-") for tenant in admitted)
    assert total(exposition, "tollbook_llm_calls_total", **_OTHER) > 0


def _assert_sums_are_the_ledgers(exposition: str, api: Api) -> None:
    (spent,) = api.spend()
    assert total(exposition, "tollbook_llm_cost_usd_total") == spent["cost_usd"]
    for name in TOKEN_FIELDS:
        token_type = name.removesuffix("_tokens")
        counted = total(exposition, "tollbook_llm_tokens_total", token_type=token_type)
        assert (name, counted) == (name, spent[name])
    assert total(exposition, "tollbook_llm_calls_total", status="error") == spent["errors"]
    for metric in ("call_duration_seconds", "time_to_first_token_seconds"):
        assert total(exposition, f"tollbook_llm_{metric}_count") == spent["calls"]
        assert total(exposition, f"tollbook_llm_{metric}_bucket", le="+Inf") == spent["calls"]


def test_every_scrape_of_two_workers_is_the_same(collector_url: str) -> None:
    api = Api(collector_url)
    assert api.book(mixed_records(100, seed=3))["booked"] == 100
    api.close()
    with ThreadPoolExecutor(8) as scrapers:
        expositions = set(scrapers.map(_scrape_anew, [collector_url] * 40))
    assert len(expositions) == 1
    assert total(expositions.pop(), "tollbook_llm_calls_total") == 100


def _scrape_anew(url: str) -> str:
    """Scrape over a connection of its own, which either worker may take."""
    api = Api(url)
    try:
        return api.metrics()
    finally:
        api.close()


def test_no_counter_falls_whichever_process_answers_the_scrape(
    database: Database, settings: Settings
) -> None:
    one, another = (InProcessClient(Collector(database, settings).front) for _ in range(2))
    assert _calls_counted_by(another) == 0
    assert one.post("/v1/calls", json=a_record()).get_json()["booked"] == 1
    assert [_calls_counted_by(one), _calls_counted_by(another)] == [1, 1]


def _calls_counted_by(process: InProcessClient) -> Decimal:
    return total(process.get("/metrics").get_data(as_text=True), "tollbook_llm_calls_total")
