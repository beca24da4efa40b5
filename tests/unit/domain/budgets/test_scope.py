"""Which calls count under which budget."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.budgets.scope import (
    key_within,
    scope_key,
    tag_text,
    values_of_call,
    values_of_key,
)
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call


def test_a_fixed_value_must_be_the_calls() -> None:
    values = values_of_call(a_call(feature="search"))
    assert key_within({"tenant": "acme", "feature": "search"}, values) == "[]"
    assert key_within({"tenant": "acme", "feature": "chat"}, values) is None


def test_the_key_holds_the_values_by_the_order_of_their_names() -> None:
    values = values_of_call(a_call(user="zoë", tags={"team": "core"}))
    key = key_within({"user": "*", "tags.team": "*", "tenant": "acme"}, values)
    assert key == '["core","zoë"]'
    assert values_of_key(key) == ["core", "zoë"]


def test_who_has_no_value_has_no_budget_of_its_own() -> None:
    assert key_within({"user": "*"}, values_of_call(a_call())) is None


def test_an_empty_value_names_the_calls_without_one() -> None:
    assert key_within({"feature": ""}, values_of_call(a_call())) == "[]"
    assert key_within({"tags.team": ""}, values_of_call(a_call())) == "[]"


@pytest.mark.parametrize(
    ("value", "written"),
    [("x", "x"), (True, "true"), (7, "7"), (1.0, "1"), (-0.0, "0"), (0.125, "0.125"),
     (1e22, "10000000000000000000000"), (1e-7, "0.0000001"), (None, "")],
)  # fmt: skip
def test_a_tags_value_is_written_the_same_after_it_was_kept_as_json(
    value: Any, written: str
) -> None:
    assert tag_text(value) == tag_text(json.loads(json.dumps(value))) == written


@pytest.mark.parametrize("character", ["x", "\x01", "\N{ROCKET}", '"'])
def test_keys_of_the_longest_values_fit_into_an_index_and_stay_apart(character: str) -> None:
    values = [character * 255 + last for last in "ab"]
    keys = {scope_key([value] * 8) for value in values}
    assert len(keys) == 2
    assert all(len(key.encode()) < 2600 for key in keys)


SCOPES: list[dict[str, str]] = [
    {},
    {"tenant": "acme"},
    {"tenant": "*"},
    {"tenant": "other"},
    {"tenant": "acme", "user": "*"},
    {"user": "ada"},
    {"model": "gpt-4o-mini", "tags.team": "*"},
    {"tenant": "*", "feature": "*", "user": "*"},
    {"tags.team": "core", "tags.n": "1"},
    {"status": "error"},
]


@pytest.mark.parametrize(
    "changes",
    [{}, {"user": "ada"}, {"tags": {"team": "core", "n": 1}}, {"feature": "f", "user": "bo"},
     {"tenant": "other", "status": "error"}],
)  # fmt: skip
def test_the_quick_way_finds_what_the_plain_way_finds(changes: dict[str, Any]) -> None:
    call = a_call(**changes)
    known = KnownBudgets([a_budget(scope=scope) for scope in SCOPES])
    assert sorted(known.buckets_of(call)) == known.buckets_within(values_of_call(call))
    assert known.buckets_of(call)
