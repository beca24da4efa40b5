"""`tollbook prices` and `tollbook price`."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.books import Books
from tests.servers.commands import run

_CALL = ("gpt-4o-mini", "--provider", "openai", "--input-tokens", "1000", "--output-tokens", "100")


def _set(url: str, *options: str) -> str:
    """The id of a price that is set."""
    done = run(url, "prices", "set", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[1]


def _price(url: str, *options: str) -> dict[str, Any]:
    done = run(url, "price", *_CALL, "--json", *options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_price_is_set_listed_used_and_withdrawn(database_url: str) -> None:
    contract = ("gpt-4o-mini", "--tenant", "acme", "--provider", "openai")
    rates = ("--rate", "input=1,200000:3", "--rate", "output=2", "--rate", "request=0.01")
    price_id = _set(database_url, *contract, *rates, "--valid-from", "2026-01-01", "--note", "4711")
    listed = run(database_url, "prices", "list").stdout
    for part in (price_id, "USD input 1 (above 200000: 3), output 2, request 0.01", "4711"):
        assert part in listed, listed
    assert _price(database_url, "--tenant", "acme")["cost_usd"] == "0.0112"
    assert _price(database_url, "--tenant", "acme", "--at", "2025-12-31")["cost_usd"] == "0.00021"
    assert _price(database_url)["cost_usd"] == "0.00021"
    assert run(database_url, "prices", "withdraw", price_id).returncode == 0
    assert _price(database_url, "--tenant", "acme")["cost_usd"] == "0.00021"
    assert run(database_url, "prices", "withdraw", price_id).returncode == 2


def test_what_was_known_then_can_be_priced_by(database_url: str, books: Books) -> None:
    options = ("*", "--tenant", "*", "--provider", "openai", "--valid-from", "2015-01-01")
    first = _set(database_url, *options, "--factor", "0.5")
    _set(database_url, *options, "--factor", "0.9", "--replaces", first)
    (then,) = books.rows(f"SELECT recorded_at FROM prices WHERE price_id = '{first}'")
    known_at = then["recorded_at"].isoformat()
    assert _price(database_url, "--known-at", known_at)["cost_usd"] == "0.000105"
    assert _price(database_url)["cost_usd"] == "0.000189"
    listed = run(database_url, "prices", "list", "--json", "--known-at", known_at).stdout
    assert [json.loads(line)["price_id"] for line in listed.splitlines()] == [first]


def test_each_line_item_is_explained_in_words(database_url: str) -> None:
    _set(database_url, "gpt-4o-mini", "--tenant", "*", "--provider", "openai", "--currency", "EUR",
         "--rate", "input=1", "--rate", "output=2", "--context", "region=eu",
         "--valid-from", "2026-01-01")  # fmt: skip
    at = ("--region", "eu", "--at", "2026-11-02T12:00:00")
    unpriced = run(database_url, "price", *_CALL, *at).stdout
    assert "no_exchange_rate_for_EUR" in unpriced
    assert (
        run(database_url, "prices", "rate", "EUR", "1.0871", "--on", "2026-10-30").returncode == 0
    )
    said = run(database_url, "price", *_CALL, *at).stdout
    for part in ("input", "0.0000010871", "in EUR at 1.0871 USD of 2026-10-30", "$0.00130452"):
        assert part in said, said
    rates = run(database_url, "prices", "rates").stdout
    assert "1.0871" in rates


def test_a_model_that_is_not_known_comes_with_suggestions(database_url: str) -> None:
    said = run(database_url, "price", "gpt-4o-minni", "--provider", "openai").stdout
    assert "unpriced (model_unknown)" in said
    assert "perhaps gpt-4o-mini of openai" in said


def test_an_alias_is_followed(database_url: str) -> None:
    run(database_url, "aliases", "set", "house", "gpt-4o-mini", "--tenant", "acme")
    asked = ("house", "--provider", "openai", "--tenant", "acme", "--input-tokens", "1000")
    done = run(database_url, "price", *asked, "--output-tokens", "100", "--json")
    assert json.loads(done.stdout)["cost_usd"] == "0.00021"


def test_what_cannot_be_is_said_clearly(database_url: str) -> None:
    base = ("prices", "set", "gpt-4o", "--tenant", "acme", "--provider", "openai")
    since = ("--valid-from", "2026-01-01")
    for options, part in (
        ((*since,), "rates or a factor"),
        ((*since, "--rate", "input"), "is no rate"),
        ((*since, "--rate", "input=x"), "is no rate"),
        ((*since, "--rate", "speech=1"), "is no token type"),
        (("--valid-from", "soon", "--factor", "1"), "is no ISO 8601 time"),
        ((*since, "--factor", "cheap"), "is no decimal number"),
        ((*since, "--factor", "1", "--context", "batch"), "is no name=value"),
    ):
        done = run(database_url, *base, *options)
        assert (done.returncode, part in done.stderr) == (2, True), done.stderr
    warned = run(database_url, "prices", "set", "gpt-99", "--tenant", "acme", "--provider",
                 "openai", *since, "--factor", "1")  # fmt: skip
    assert "catalog knows no gpt-99" in warned.stderr


def test_the_catalog_is_fetched_and_shown(database_url: str) -> None:
    assert "brings 2330 models along" in run(database_url, "prices", "catalog").stdout
    failed = run(database_url, "prices", "catalog", "--refresh")
    assert failed.returncode == 2
    assert "TOLLBOOK_CATALOG_URL is empty" in failed.stderr
