"""GET, PUT and DELETE /v1/aliases, and `tollbook aliases`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from ledger.commands.aliases import MOST_ALIASES_A_TENANT
from tests.integration.api.problems import problem_of
from tests.integration.books import Books
from tests.servers.commands import run
from tests.servers.in_process import InProcessClient

ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcd"


def _put(client: InProcessClient, **body: Any) -> None:
    body = {"tenant": "acme", "alias": "house", "target_model": "gpt-4o", **body}
    answer = client.put("/v1/aliases", json=body)
    assert answer.status_code == 200, answer.text


def _list(client: InProcessClient, **question: str) -> list[dict[str, Any]]:
    return list(client.get("/v1/aliases", query_string=question).get_json()["aliases"])


def test_an_alias_is_set_replaced_listed_and_removed(client: InProcessClient) -> None:
    _put(client, note="the old one")
    _put(client, target_model="gpt-4.1", target_provider="openai")

    (alias,) = _list(client)
    assert alias.pop("created_at")
    assert alias == {
        "tenant": "acme",
        "provider": "",
        "alias": "house",
        "valid_from": "2015-01-01T00:00:00Z",
        "target_provider": "openai",
        "target_model": "gpt-4.1",
        "note": None,
    }
    removed = client.delete("/v1/aliases?tenant=acme&alias=house")
    assert removed.get_json() == {"removed": 1}
    assert _list(client) == []
    problem_of(client.delete("/v1/aliases?tenant=acme&alias=house"), 404)


def test_an_arn_is_an_alias_like_any_other(client: InProcessClient) -> None:
    _put(client, alias=ARN, target_provider="aws.bedrock", target_model="amazon.nova-pro-v1:0")
    question = urlencode({"tenant": "acme", "alias": ARN})
    assert client.delete(f"/v1/aliases?{question}").status_code == 200


def test_one_of_several_moments_can_be_removed(client: InProcessClient) -> None:
    _put(client)
    _put(client, valid_from="2026-11-01T01:00:00+01:00", target_model="gpt-4.1")
    question = {"tenant": "acme", "alias": "house", "valid_from": "2026-11-01"}
    assert client.delete("/v1/aliases", query_string=question).get_json() == {"removed": 1}
    assert [alias["target_model"] for alias in _list(client)] == ["gpt-4o"]


def test_a_tenant_s_list_holds_what_holds_for_it(client: InProcessClient) -> None:
    for tenant in ("acme", "globex", "*"):
        _put(client, tenant=tenant)
    assert [alias["tenant"] for alias in _list(client, tenant="acme")] == ["*", "acme"]


def test_pages_hold_each_alias_once(client: InProcessClient) -> None:
    for number in range(7):
        _put(client, alias=f"house-{number}", provider="azure" if number % 2 else "")
    seen: list[str] = []
    question: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get("/v1/aliases", query_string=question).get_json()
        seen += [alias["alias"] for alias in answer["aliases"]]
        if answer["next"] is None:
            break
        question["cursor"] = answer["next"]
    assert sorted(seen) == [f"house-{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("target_model", {"target_model": ""}),
        ("alias", {"alias": ""}),
        ("alias", {"alias": " house"}),
        ("alias", {"alias": "x" * 257}),
        ("tenant", {"tenant": "a\x00"}),
        ("tenant", {"tenant": 5}),
        ("note", {"note": "a\nb"}),
        ("valid_from", {"valid_from": "2026-11-01"}),
        ("colour", {"colour": "x"}),
    ],
)
def test_what_cannot_be_is_named_and_not_kept(
    client: InProcessClient, books: Books, name: str, changes: dict[str, Any]
) -> None:
    body = {"tenant": "acme", "alias": "house", "target_model": "gpt-4o", **changes}
    assert name in problem_of(client.put("/v1/aliases", json=body), 400)["detail"]
    assert books.rows("SELECT * FROM model_aliases") == []


@pytest.mark.parametrize("question", ["", "tenant=acme", "alias=house", "tenant=acme&colour=blue"])
def test_a_removal_says_what_it_means(client: InProcessClient, question: str) -> None:
    problem_of(client.delete(f"/v1/aliases?{question}"), 400)


def test_the_aliases_of_a_tenant_are_bounded(
    client: InProcessClient, database_url: str, books: Books
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO model_aliases (tenant, provider, alias, valid_from, target_provider,"
            " target_model) SELECT 'acme', '', n::text, now(), '', 'x'"
            " FROM generate_series(1, %s) AS n",
            (MOST_ALIASES_A_TENANT,),
        )
    body = {"tenant": "acme", "alias": "house", "target_model": "gpt-4o"}
    assert "10000 aliases" in problem_of(client.put("/v1/aliases", json=body), 400)["detail"]
    assert books.rows("SELECT * FROM model_aliases WHERE alias = 'house'") == []


def test_the_commands_do_the_same(database_url: str, client: InProcessClient) -> None:
    options = (
        "--tenant",
        "*",
        "--target-provider",
        "azure.ai.openai",
        "--valid-from",
        "2026-11-01",
    )
    done = run(database_url, "aliases", "set", "house", "gpt-4o", *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [(row["tenant"], row["valid_from"]) for row in _list(client)] == [
        ("*", "2026-11-01T00:00:00Z")
    ]
    assert "azure.ai.openai" in run(database_url, "aliases", "list").stdout
    listed = run(database_url, "aliases", "list", "--json", "--tenant", "acme").stdout
    assert json.loads(listed)["alias"] == "house"
    doubtful = run(
        database_url, "aliases", "set", "h", "x", "--tenant", "a", "--provider", "openai"
    )
    assert "will be unpriced" in doubtful.stderr
    assert run(database_url, "aliases", "remove", "house", "--tenant", "*").returncode == 0
    gone = run(database_url, "aliases", "remove", "house", "--tenant", "*")
    assert gone.returncode == 2
    assert "no such alias" in gone.stderr
    assert run(database_url, "aliases", "set", "h", "", "--tenant", "a").returncode == 2
