"""A real Prometheus scrapes the collector: what it holds is what the ledger holds."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from tests.servers.api import Api
from tests.servers.collectors import collecting
from tests.servers.exposition import samples
from tests.servers.mixture import mixed_records
from tests.servers.processes import free_port
from tests.servers.prometheus import PROMTOOL, Prometheus, needs_prometheus, prometheus

pytestmark = needs_prometheus

CALLS = 400


class Scraped(NamedTuple):
    """A Prometheus that has scraped everything the ledger holds."""

    database_url: str
    api: Api
    prometheus: Prometheus

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()

    def sql_by_tenant(self, aggregate: str) -> dict[tuple[str, ...], float]:
        """An aggregate over calls, by tenant; tenants without any are left out."""
        rows = self.sql(f"SELECT tenant, {aggregate} FROM calls GROUP BY tenant")
        return {(tenant,): float(value) for tenant, value in rows if value}


@pytest.fixture(scope="module")
def scraped(
    shared_database_url: str, shared_api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scraped]:
    """Prometheus after a few hundred varied calls were booked in pieces while it scraped."""
    target = shared_api.url.removeprefix("http://")
    records = mixed_records(CALLS, seed=1)
    with prometheus(tmp_path_factory.mktemp("prometheus"), target) as scraper:
        scraper.wait_until("up", 1)
        for start in range(0, CALLS, 50):
            assert shared_api.book(records[start : start + 50])["booked"] == 50
        scraper.wait_until("sum(tollbook_llm_calls_total)", CALLS)
        yield Scraped(shared_database_url, shared_api, scraper)


def _close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=0)


def test_the_cost_in_prometheus_equals_the_calls_and_the_spend(scraped: Scraped) -> None:
    ((cost,),) = scraped.sql("SELECT sum(cost_pico_usd) / 1e12 FROM calls")
    (spent,) = scraped.api.spend()
    assert cost == spent["cost_usd"] > 1
    assert scraped.prometheus.single("sum(tollbook_llm_cost_usd_total)") == _close(float(cost))


def test_the_cost_by_tenant_and_model_equals_the_calls_and_the_spend(scraped: Scraped) -> None:
    in_calls = {
        (tenant, model): cost
        for tenant, model, cost in scraped.sql(
            "SELECT tenant, model, coalesce(sum(cost_pico_usd), 0) / 1e12"
            " FROM calls JOIN series USING (tenant, series_id) GROUP BY tenant, model"
        )
    }
    assert len(in_calls) == 25
    assert in_calls == {
        (row["tenant"], row["model"]): row["cost_usd"]
        for row in scraped.api.spend(group_by="tenant,model")
    }
    in_prometheus = scraped.prometheus.by(
        "sum by (tenant, model) (tollbook_llm_cost_usd_total)", "tenant", "model"
    )
    assert in_prometheus == _close({key: float(cost) for key, cost in in_calls.items()})


@pytest.mark.parametrize("token_type", ["input", "output", "cache_read", "reasoning"])
def test_tokens_by_tenant_equal_the_calls(scraped: Scraped, token_type: str) -> None:
    in_calls = scraped.sql_by_tenant(f"sum({token_type}_tokens)")
    query = f'sum by (tenant) (tollbook_llm_tokens_total{{token_type="{token_type}"}})'
    assert len(in_calls) == 5
    assert scraped.prometheus.by(query, "tenant") == in_calls


def test_no_token_type_is_counted_that_no_call_had(scraped: Scraped) -> None:
    counted = scraped.prometheus.by("sum by (token_type) (tollbook_llm_tokens_total)", "token_type")
    assert set(counted) == {("input",), ("output",), ("cache_read",), ("reasoning",)}


def test_errors_and_unpriced_calls_by_tenant_equal_the_calls(scraped: Scraped) -> None:
    errors = scraped.sql_by_tenant("count(*) FILTER (WHERE error_type IS NOT NULL)")
    query = 'sum by (tenant) (tollbook_llm_calls_total{status="error"})'
    assert scraped.prometheus.by(query, "tenant") == errors
    unpriced = scraped.sql_by_tenant("count(*) FILTER (WHERE cost_status = 'unpriced')")
    assert len(unpriced) == 5
    query = "sum by (tenant) (tollbook_llm_unpriced_calls)"
    assert scraped.prometheus.by(query, "tenant") == unpriced


@pytest.mark.parametrize(
    ("metric", "column"),
    [
        ("tollbook_llm_call_duration_seconds", "duration_seconds"),
        ("tollbook_llm_time_to_first_token_seconds", "time_to_first_token_seconds"),
    ],
)
def test_histograms_hold_every_call_that_has_a_duration(
    scraped: Scraped, metric: str, column: str
) -> None:
    by_tenant = scraped.prometheus.by(f"sum by (tenant) ({metric}_count)", "tenant")
    assert by_tenant == scraped.sql_by_tenant(f"count({column})")
    assert sum(by_tenant.values()) < CALLS
    ((seconds,),) = scraped.sql(f"SELECT sum(round({column}::numeric, 6)) FROM calls")
    assert scraped.prometheus.single(f"sum({metric}_sum)") == _close(float(seconds))
    buckets = scraped.prometheus.by(f"sum by (le) ({metric}_bucket)", "le")
    assert len(buckets) == 15
    for (bound,), count in buckets.items():
        within = f"SELECT count(*) FROM calls WHERE {column} <= '{bound.replace('+Inf', 'inf')}'"
        assert (bound, [(count,)]) == (bound, scraped.sql(within))


def test_promtool_accepts_the_exposition(scraped: Scraped) -> None:
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"],
        input=scraped.api.metrics(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_killed_collector_counts_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with prometheus(tmp_path, f"127.0.0.1:{port}") as scraper:
        with collecting(database_url, port=port) as collector:
            before = _exposition_after_booking(collector.url)
            scraper.wait_until("sum(tollbook_llm_calls_total)", 60)
            collector.kill()
        scraper.wait_until("up", 0)
        with collecting(database_url, port=port) as collector:
            api = Api(collector.url)
            assert _counted(api.metrics()) == _counted(before)
            assert api.book(mixed_records(60, seed=2))["duplicate"] == 60
            scraper.wait_until('tollbook_ingest_calls_total{result="duplicate"}', 60)
            api.close()
        assert scraper.single("sum(resets(tollbook_llm_cost_usd_total[5m]))") == 0
        assert scraper.single("sum(resets(tollbook_llm_call_duration_seconds_count[5m]))") == 0


def _exposition_after_booking(url: str) -> str:
    api = Api(url)
    assert api.book(mixed_records(60, seed=2))["booked"] == 60
    exposition = api.metrics()
    api.close()
    return exposition


def _counted(exposition: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], Decimal]:
    """Every series about calls with its value."""
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for sample in samples(exposition)
        if sample.name.startswith("tollbook_llm_")
    }
