"""Bodies about reservations are read as calls are."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from collector.admission.asking import Reading
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord
from ledger.domain.reservations.commands import Reserve
from ledger.domain.reservations.names import name_for
from ledger.domain.reservations.reservation import Amount


async def _price(call: Call) -> int | None:
    """A pico-dollar a token, of models that have a price."""
    return None if call.model == "house" else sum(count for _, count in call.usage.reported())


def _reading(default_tenant: str | None = None) -> Reading:
    return Reading(price=_price, resolve=lambda call: call, default_tenant=default_tenant)


def reserve(key: str | None = None, default_tenant: str | None = None, **body: Any) -> Reserve:
    """What a body of tenant acme asks for."""
    wanted = {"tenant": "acme", "model": "gpt-4o-mini", **body}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    reading = _reading(default_tenant)
    return asyncio.run(reading.reserve(json.dumps(wanted).encode(), key))


def test_an_amount_and_its_dimensions_are_read() -> None:
    asked = reserve(amount_usd="0.25", user="ada", feature="search", tags={"team": "red"})

    assert asked.amount == Amount(250_000_000_000, None)
    assert asked.call.provider == "openai"
    assert asked.dimensions["user"] == "ada"
    assert asked.dimensions["tags.team"] == "red"
    assert asked.ttl == timedelta(minutes=10)
    assert not asked.may_exist


def test_amounts_may_be_numbers_or_texts() -> None:
    assert reserve(amount_usd=0.1).amount == reserve(amount_usd="0.1").amount


def test_tags_may_be_written_as_budgets_name_them() -> None:
    body: dict[str, Any] = {"tags.team": "red", "tags": {"tier": "gold"}}

    asked = reserve(amount_usd="1", **body)

    assert asked.call.tags == {"team": "red", "tier": "gold"}


def test_usage_is_priced_unless_an_amount_is_said() -> None:
    usage = {"input_tokens": 5, "output_tokens": 7}

    assert reserve(usage=usage).amount == Amount(12, 12)
    assert reserve(usage=usage, model="house").amount == Amount(None, 12)
    assert reserve(usage=usage, amount_usd="1").amount == Amount(10**12, 12)
    assert reserve(usage=usage, amount_tokens=3).amount == Amount(12, 3)


def test_names_come_from_the_sender_or_from_us() -> None:
    name = uuid4()

    assert reserve(amount_usd="1", reservation_id=str(name)).reservation_id == name
    keyed = reserve("order 17", amount_usd="1")
    assert keyed.reservation_id == name_for("acme", "order 17")
    assert keyed.may_exist
    assert reserve(amount_usd="1").reservation_id.version == 7


def test_a_tenant_may_be_the_default_one() -> None:
    assert reserve(tenant=None, amount_usd="1", default_tenant="globex").call.tenant == "globex"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "amount_usd"),
        ({"amount_usd": "-1"}, "amount_usd"),
        ({"amount_usd": "NaN"}, "amount_usd"),
        ({"amount_usd": "1e12"}, "amount_usd"),
        ({"amount_tokens": -1}, "amount_tokens"),
        ({"amount_usd": "1", "ttl_seconds": 0}, "ttl_seconds"),
        ({"amount_usd": "1", "ttl_seconds": 86_401}, "ttl_seconds"),
        ({"amount_usd": "1", "tenant": None}, "tenant"),
        ({"amount_usd": "1", "tenant": "*"}, "tenant"),
        ({"amount_usd": "1", "tenant": "a\x00b"}, "tenant"),
        ({"amount_usd": "1", "reservation_id": "17"}, "reservation_id"),
        ({"amount_usd": "1", "usage": {"input_tokens": -1}}, "usage.input_tokens"),
        ({"amount_usd": "1", "tags": [1]}, "tags"),
        ({"amount_usd": "1", "feature_name": "search"}, "body"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        reserve(**body)
    assert invalid.value.path == path


@pytest.mark.parametrize("key", ["", " ", "k" * 257])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(InvalidRecord):
        reserve(key, amount_usd="1")


def test_a_settlement_says_what_was_spent() -> None:
    name = UUID(int=7)

    assert _reading().settle(name, b'{"amount_usd": "0.5"}').spent == Amount(5 * 10**11, None)
    assert _reading().settle(name, b'{"amount_tokens": 5}').spent == Amount(None, 5)
    for body in (b"{}", b"", b"[]", b'{"amount_usd": "x"}', b'{"amount": 1}'):
        with pytest.raises(InvalidRecord):
            _reading().settle(name, body)
