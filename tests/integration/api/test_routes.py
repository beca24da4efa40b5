"""Paths, methods and health: what the API says where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types

from collector.app import Collector
from ledger.settings import Settings
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.integration.api.problems import problem_of
from tests.integration.api.spans import traces
from tests.servers.databases import TestServer
from tests.servers.in_process import InProcessClient
from tests.servers.processes import free_port


@pytest.fixture
def lost_database() -> Iterator[Database]:
    """A Postgres that does not answer."""
    database = Database(f"postgresql://tollbook:x@127.0.0.1:{free_port()}/tollbook")
    yield database
    database.close()


@pytest.fixture
def lost_client(lost_database: Database, tmp_path: Path) -> InProcessClient:
    """The API without Postgres and without a spool."""
    settings = Settings(home=tmp_path, spool_max_bytes=0)
    return InProcessClient(Collector(lost_database, settings).front)


@pytest.fixture
def spooling_client(lost_database: Database, settings: Settings) -> InProcessClient:
    """The API without Postgres, with a spool."""
    return InProcessClient(Collector(lost_database, settings).front)


def test_calls_are_spooled_while_postgres_is_gone(spooling_client: InProcessClient) -> None:
    bad = a_record(usage={"input_tokens": -1})
    response = spooling_client.post("/v1/calls", json=[a_record(), bad, a_record()])

    assert response.status_code == 202
    assert response.get_json()["spooled"] == 2
    assert [refused["index"] for refused in response.get_json()["rejected"]] == [1]
    waiting = 'tollbook_ingest_waiting_records{receiver="calls"} 3'
    assert waiting in spooling_client.get("/metrics").text.splitlines()


def test_spans_are_acknowledged_while_postgres_is_gone(spooling_client: InProcessClient) -> None:
    response = spooling_client.post(
        "/v1/traces", data=traces({}).SerializeToString(), content_type="application/x-protobuf"
    )

    assert response.status_code == 200
    assert response.data == b""


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/calls/", "/v2/calls", "/..%2f"])
def test_an_unknown_path_is_a_404_problem(path: str, idle_client: InProcessClient) -> None:
    problem_of(idle_client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/calls", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("DELETE", "/v1/calls", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("PUT", "/v1/traces", {"OPTIONS", "POST"}),
        ("GET", "/v1/traces", {"OPTIONS", "POST"}),
        ("POST", "/v1/spend", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/metrics", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_another_method_is_a_405_problem_that_names_the_allowed_ones(
    method: str, path: str, allowed: set[str], idle_client: InProcessClient
) -> None:
    response = idle_client.open(path, method=method)

    problem_of(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed


def test_head_on_a_route_for_posts_only_is_a_405_without_a_body(
    idle_client: InProcessClient,
) -> None:
    response = idle_client.head("/v1/traces")

    assert response.status_code == 405
    assert response.content_type == "application/problem+json"
    assert response.data == b""


@pytest.mark.parametrize("path", ["/v1/spend", "/v1/tenants", "/metrics", "/healthz", "/readyz"])
def test_head_on_a_route_that_reads_answers_without_a_body(
    path: str, idle_client: InProcessClient
) -> None:
    response = idle_client.head(path)

    assert response.status_code == 200
    assert response.data == b""


def test_readyz_says_ready_on_a_migrated_ledger(idle_client: InProcessClient) -> None:
    assert idle_client.get("/readyz").status_code == 200


def test_readyz_without_a_schema_is_a_503_problem_that_says_what_to_do(
    server: TestServer, settings: Settings
) -> None:
    with server.fresh_database(migrated=False) as url:
        database = Database(url)
        client = InProcessClient(Collector(database, settings).front)

        response = client.get("/readyz")

        assert "tollbook migrate" in problem_of(response, 503)["detail"]
        assert response.headers["Retry-After"].isdigit()
        assert client.get("/healthz").status_code == 200
        database.close()


def test_calls_are_refused_with_retry_after_while_postgres_is_gone(
    lost_client: InProcessClient,
) -> None:
    response = lost_client.post("/v1/calls", json=a_record())

    assert "Postgres" in problem_of(response, 503)["detail"]
    assert int(response.headers["Retry-After"]) > 0


def test_spans_are_refused_with_retry_after_while_postgres_is_gone(
    lost_client: InProcessClient,
) -> None:
    response = lost_client.post(
        "/v1/traces", data=traces({}).SerializeToString(), content_type="application/x-protobuf"
    )

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert Status.FromString(response.data).code == 14


@pytest.mark.parametrize("path", ["/readyz", "/v1/spend", "/v1/calls?tenant=acme"])
def test_questions_are_answered_with_503_while_postgres_is_gone(
    path: str, lost_client: InProcessClient
) -> None:
    response = lost_client.get(path)

    problem_of(response, 503)
    assert "Retry-After" in response.headers
    assert lost_client.get("/healthz").status_code == 200
