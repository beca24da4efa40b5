"""The price catalog is refreshed from where it is published, and whatever fails, prices stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
import urllib3
from genai_prices.update_prices import DEFAULT_UPDATE_URL

from collector.jobs.catalog_refresh import fetch_catalog, refresh_catalog
from ledger.pricing.catalog import LIBRARY, use_catalog
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.factories.catalogs import as_served, published, some_providers, with_input_price
from tests.integration.books import Books
from tests.integration.prices.test_prices import cost_of, send
from tests.servers.exposition import samples
from tests.servers.in_process import InProcessClient
from tests.servers.processes import free_port, running
from tests.servers.published_prices import Published, published_prices


@pytest.fixture(autouse=True)
def the_librarys_catalog_again() -> Iterator[None]:
    """What a test puts to use holds for the whole process."""
    yield
    use_catalog(None, None, LIBRARY)


@pytest.fixture
def prices_server() -> Iterator[Published]:
    """A server of prices."""
    with published_prices() as published:
        yield published


def _dearer(per_million: str = "0.30") -> bytes:
    return as_served(with_input_price(published(), "openai", "gpt-4o-mini", per_million))


def _refreshes(client: InProcessClient) -> dict[str, int]:
    found = samples(client.get("/metrics").text, "tollbook_catalog_refreshes_total")
    return {one.labels["result"]: int(one.value) for one in found if one.value}


def _wait_for_cost(client: InProcessClient, usd: str) -> None:
    deadline = time.monotonic() + 10
    while cost_of(client, send(client))["cost_usd"] != usd:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_new_price_is_in_use_within_seconds_and_only_for_calls_that_come_later(
    client: InProcessClient, database: Database, prices_server: Published
) -> None:
    before = send(client)
    prices_server.content = _dearer()
    assert fetch_catalog(database, prices_server.url).result == "changed"
    _wait_for_cost(client, "0.00036")
    found = cost_of(client, send(client))
    assert "data of" in found["line_items"][0]["source"]
    assert cost_of(client, before)["cost_usd"] == "0.00021"


def test_a_catalog_with_the_same_figures_changes_no_price_version(
    client: InProcessClient, database: Database, prices_server: Published
) -> None:
    before = cost_of(client, send(client))["price_version"]
    unknown = cost_of(client, send(client, model="gpt-9-mini"))
    listed = published()
    openai = next(one for one in listed if one["id"] == "openai")
    openai["models"].append(
        {"id": "gpt-9-mini", "match": {"equals": "gpt-9-mini"},
         "prices": {"input_mtok": Decimal(1), "output_mtok": Decimal(2)}}
    )  # fmt: skip
    prices_server.content = as_served(listed)
    fetch_catalog(database, prices_server.url)
    deadline = time.monotonic() + 10
    while cost_of(client, send(client, model="gpt-9-mini"))["status"] == "unpriced":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert cost_of(client, send(client))["price_version"] == before
    assert cost_of(client, str(unknown["id"]))["status"] == "unpriced"


def test_every_refresh_is_recorded(
    client: InProcessClient, database: Database, prices_server: Published, books: Books
) -> None:
    prices_server.content = _dearer()
    results = [fetch_catalog(database, prices_server.url).result for _ in range(2)]
    assert results == ["changed", "unchanged"]
    assert _refreshes(client) == {"changed": 1, "unchanged": 1}
    (kept,) = books.rows("SELECT models, source, confirmed_at > fetched_at AS seen_again"
                         " FROM catalog_snapshots")  # fmt: skip
    assert kept == {"models": 2330, "source": prices_server.url, "seen_again": True}
    (confirmed,) = samples(
        client.get("/metrics").text, "tollbook_catalog_confirmed_timestamp_seconds"
    )
    assert abs(float(confirmed.value) - time.time()) < 60


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>not here</html>", "is no JSON"),
        (b'{"providers": []}', "is no list"),
        (b"[]", "has 0 models"),
        (as_served(some_providers("openai")), "and there were"),
        (as_served([{"id": "x"}]), "cannot be read"),
        (b"[1]", "cannot be read"),
        (_dearer("-1"), "cannot be kept exactly"),
        (_dearer("1e-19"), "cannot be kept exactly"),
    ],
    ids=["no JSON", "no list", "empty", "few", "half a provider", "a number", "negative", "fine"],
)
def test_what_cannot_be_believed_is_left(
    client: InProcessClient, database: Database, prices_server: Published,
    caplog: pytest.LogCaptureFixture, content: bytes, reason: str,
) -> None:  # fmt: skip
    prices_server.content = content
    refreshed = fetch_catalog(database, prices_server.url)
    assert (refreshed.result, reason in refreshed.detail) == ("failed", True), refreshed
    assert reason in caplog.text
    assert _refreshes(client) == {"failed": 1}
    assert cost_of(client, send(client))["cost_usd"] == "0.00021"


def test_without_a_server_prices_stay_what_they_are(
    client: InProcessClient, database: Database, prices_server: Published
) -> None:
    prices_server.content = _dearer()
    fetch_catalog(database, prices_server.url)
    _wait_for_cost(client, "0.00036")
    for url, reason in (
        (f"http://127.0.0.1:{free_port()}/", "refused"),
        ("http://name.invalid/", "name.invalid"),
    ):
        refreshed = fetch_catalog(database, url)
        assert (refreshed.result, reason in refreshed.detail) == ("failed", True), refreshed
    prices_server.status = 404
    assert "answered 404" in fetch_catalog(database, prices_server.url).detail
    assert cost_of(client, send(client))["cost_usd"] == "0.00036"


def test_the_job_fetches_once_a_day_and_never_without_a_url(
    database: Database, prices_server: Published, books: Books
) -> None:
    prices_server.content = _dearer()
    refresh_catalog(database, url="")
    assert prices_server.asked == 0
    for _ in range(3):
        refresh_catalog(database, url=prices_server.url)
    assert prices_server.asked == 1
    books.write("UPDATE catalog_snapshots SET confirmed_at = now() - interval '1 day'")
    refresh_catalog(database, url=prices_server.url)
    assert prices_server.asked == 1
    books.write("UPDATE catalog_refreshes SET last_at = now() - interval '1 hour'")
    refresh_catalog(database, url=prices_server.url)
    assert prices_server.asked == 2


def test_what_was_fetched_for_an_older_library_gives_way_to_the_newer_ones_own(
    client: InProcessClient, database: Database, prices_server: Published, books: Books
) -> None:
    prices_server.content = _dearer()
    fetch_catalog(database, prices_server.url)
    books.write("UPDATE catalog_snapshots SET library = 'genai-prices 0.0.1'")
    assert cost_of(client, send(client))["cost_usd"] == "0.00021"
    refresh_catalog(database, url=prices_server.url)
    _wait_for_cost(client, "0.00036")


def test_real_processes_pick_a_new_catalog_up_without_a_restart(
    collector_url: str, database_url: str, prices_server: Published
) -> None:
    prices_server.content = _dearer()
    assert _cost_over_http(collector_url, "before") == "0.00021"
    with running("work", database_url=database_url, catalog_url=prices_server.url):
        deadline = time.monotonic() + 30
        numbers = iter(range(10_000))
        while _cost_over_http(collector_url, f"call-{next(numbers)}") != "0.00036":
            assert time.monotonic() < deadline
            time.sleep(0.3)


def _cost_over_http(url: str, call_id: str) -> str:
    sent = urllib3.request("POST", f"{url}/v1/calls", json=[a_record(id=call_id)])
    assert sent.status == 200
    answer = urllib3.request("GET", f"{url}/v1/calls/{call_id}/cost?tenant=acme")
    return str(answer.json()["cost_usd"])


def test_the_default_is_where_the_library_fetches_from() -> None:
    assert Settings.model_fields["catalog_url"].default == DEFAULT_UPDATE_URL
