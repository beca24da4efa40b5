"""Commits are measured, counted once each, and shown alike by every process."""

from __future__ import annotations

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.integration.refused.letters import cursed
from tests.servers.exposition import total
from tests.servers.in_process import InProcessClient

FAMILIES = ("commit_seconds", "commit_calls", "lag_seconds")


def _shown(client: InProcessClient, name: str, **labels: str) -> float:
    return float(total(client.get("/metrics").text, f"tollbook_ingest_{name}", **labels))


def test_the_histograms_are_there_from_the_start_with_nothing_in_them(
    client: InProcessClient,
) -> None:
    text = client.get("/metrics").text
    for family in FAMILIES:
        assert f"# TYPE tollbook_ingest_{family} histogram" in text
        assert f"tollbook_ingest_{family}_count 0" in text.splitlines()
        assert f'tollbook_ingest_{family}_bucket{{le="+Inf"}} 0' in text.splitlines()


def test_every_commit_is_counted_with_the_next_one(
    client: InProcessClient, database: Database, settings: Settings
) -> None:
    for calls in (1, 30, 31, 5):
        client.post("/v1/calls", json=[a_record() for _ in range(calls)])

    for family in FAMILIES:
        assert _shown(client, f"{family}_count") == 3
        assert _shown(client, f"{family}_bucket", le="+Inf") == 3
    assert _shown(client, "commit_calls_sum") == 1 + 30 + 31
    assert [_shown(client, "commit_calls_bucket", le=le) for le in ("1", "10", "30", "100")] == [
        1, 1, 2, 3,
    ]  # fmt: skip
    assert 0 < _shown(client, "commit_seconds_sum") <= _shown(client, "lag_seconds_sum") < 10
    another = InProcessClient(Collector(database, settings).front)
    assert another.get("/metrics").text == client.get("/metrics").text


def test_a_transaction_that_fails_is_no_commit_and_loses_no_count(
    client: InProcessClient, database_url: str
) -> None:
    client.post("/v1/calls", json=[a_record() for _ in range(7)])
    with cursed(database_url):
        answer = client.post("/v1/calls", json=[a_record(), a_record(feature="cursed")])
    assert answer.get_json()["booked"] == 1
    client.post("/v1/calls", json=a_record())

    # The seven; of the second request, which failed as a whole, the good call and the refusal.
    assert _shown(client, "commit_calls_count") == 3
    assert _shown(client, "commit_calls_bucket", le="1") == 2
    assert _shown(client, "commit_calls_sum") == 7 + 1
