"""Aliases: which one wins, from when, and what becomes of the name that was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest

from ledger.pricing.aliases import Alias, Aliases
from tests.factories.calls import START, a_call

ALWAYS = datetime(2015, 1, 1, tzinfo=UTC)


def _alias(target_model: str, **changes: Any) -> Alias:
    fields: dict[str, Any] = {
        "tenant": "acme",
        "provider": "",
        "alias": "house-model",
        "valid_from": ALWAYS,
        "target_provider": "",
    }
    return Alias(target_model=target_model, **{**fields, **changes})


EXACT = _alias("exact", provider="openai")
ANY_PROVIDER = _alias("any-provider")
EVERY_TENANT = _alias("every-tenant", tenant="*", provider="openai")
EVERYTHING = _alias("everything", tenant="*")


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ([EVERYTHING, EVERY_TENANT, ANY_PROVIDER, EXACT], "exact"),
        ([EVERYTHING, EVERY_TENANT, ANY_PROVIDER], "any-provider"),
        ([EVERYTHING, EVERY_TENANT], "every-tenant"),
        ([EVERYTHING], "everything"),
        ([], "house-model"),
        ([_alias("x", tenant="globex"), _alias("x", provider="azure")], "house-model"),
    ],
)
def test_the_closest_alias_wins(aliases: list[Alias], expected: str) -> None:
    for rows in (aliases, aliases[::-1]):
        assert Aliases(rows).resolve(a_call(model="house-model")).model == expected


def test_an_alias_holds_from_its_moment_on() -> None:
    hour = timedelta(hours=1)
    aliases = Aliases(
        [_alias("first", valid_from=START), _alias("second", valid_from=START + hour), EVERYTHING]
    )
    resolved = [
        aliases.resolve(a_call(model="house-model", started_at=START + moment)).model
        for moment in (-hour, timedelta(0), hour / 2, hour, 2 * hour)
    ]
    assert resolved == ["everything", "first", "first", "second", "second"]


def test_the_name_that_was_sent_stays_as_the_one_asked_for() -> None:
    aliases = Aliases([_alias("gpt-4o", target_provider="azure.ai.openai")])

    call = aliases.resolve(a_call(model="house-model"))
    assert (call.provider, call.model, call.request_model) == (
        "azure.ai.openai",
        "gpt-4o",
        "house-model",
    )
    asked = aliases.resolve(a_call(model="house-model", request_model="router"))
    assert asked.request_model == "router"


def test_a_target_may_be_written_as_clients_send_it() -> None:
    aliases = Aliases([_alias("azure/gpt-4o")])
    call = aliases.resolve(a_call(provider="unknown", model="house-model"))
    assert (call.provider, call.model) == ("azure.ai.openai", "gpt-4o")


def test_a_call_that_named_only_what_it_asked_for_is_found_by_that() -> None:
    aliases = Aliases([_alias("gpt-4o")])
    call = aliases.resolve(a_call(model="unknown", request_model="house-model"))
    assert (call.model, call.request_model) == ("gpt-4o", "house-model")


def test_known_forms_are_resolved_without_any_alias() -> None:
    call = Aliases().resolve(a_call(provider="unknown", model="models/gemini-2.5-flash"))
    assert (call.provider, call.model) == ("gcp.gemini", "gemini-2.5-flash")
    assert call.request_model == "models/gemini-2.5-flash"


def test_a_call_without_an_alias_is_handed_back_untouched() -> None:
    call = a_call()
    assert Aliases().resolve(call) is call
    assert Aliases([EXACT, EVERYTHING]).resolve(call) is call


def test_resolving_costs_next_to_nothing() -> None:
    """A generous bound: 40,000 calls a second leave 25 microseconds a call for everything."""
    call, aliases = a_call(), Aliases([_alias("x", tenant="globex")])
    aliases.resolve(call)
    start = perf_counter()
    for _ in range(20_000):
        aliases.resolve(call)
    assert (perf_counter() - start) / 20_000 < 10e-6
