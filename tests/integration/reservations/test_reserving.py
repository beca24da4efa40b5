"""POST /v1/reservations and what follows, against a real ledger."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from tests.factories.calls import a_record
from tests.integration.reservations.asking import Till


def test_an_amount_that_fits_is_held_until_it_is_released(till: Till) -> None:
    till.budget(amount_usd="10")

    held = till.reserve("6")

    assert held["allowed"] is True
    assert till.remaining() == 4
    assert till.show(held["reservation_id"])["state"] == "held"
    assert till.release(held["reservation_id"])["state"] == "released"
    assert till.remaining() == 10


def test_a_refusal_says_who_refused_what_is_left_and_when_it_frees(till: Till) -> None:
    budget = till.budget(name="hourly", amount_usd="10", period="hour")
    till.reserve("6")

    refused = till.reserve("5")

    assert refused["allowed"] is False
    assert refused["denied_by"] == "hourly"
    assert refused["budget_id"] == budget["id"]
    assert refused["reason"] == "used_up"
    assert refused["remaining_usd"] == "4"
    retry_at = datetime.fromisoformat(refused["retry_at"])
    assert datetime.now(UTC) < retry_at <= datetime.fromisoformat(budget["period_end"])


def test_what_is_settled_counts_in_place_of_what_was_held(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("6")

    settled = till.settle(held["reservation_id"], "2.5")

    assert settled["state"] == "settled"
    assert settled["settled_usd"] == "2.5"
    assert settled["over_hold"] is False
    assert till.remaining() == Decimal("7.5")


def test_settling_above_the_hold_counts_in_full_and_says_so(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("1")

    settled = till.settle(held["reservation_id"], "3")

    assert settled["over_hold"] is True
    assert till.remaining() == 7


def test_the_first_settlement_stands(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("5")
    till.settle(held["reservation_id"], "2")

    again = till.settle(held["reservation_id"], "4")

    assert again["settled_usd"] == "2"
    assert till.remaining() == 8
    assert till.release(held["reservation_id"])["state"] == "settled"
    assert till.remaining() == 8


def test_what_was_spent_after_a_release_is_counted_all_the_same(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("5")
    till.release(held["reservation_id"])

    settled = till.settle(held["reservation_id"], "2")

    assert settled["state"] == "settled"
    assert settled["over_hold"] is True
    assert till.remaining() == 8


def test_the_call_takes_the_place_of_what_was_settled(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("5")
    till.settle(held["reservation_id"], "2")

    record = a_record(
        reservation_id=held["reservation_id"], started_at=datetime.now(UTC).isoformat()
    )
    booked = till.client.post("/v1/calls", json=record)

    assert booked.json == {"booked": 1, "duplicate": 0, "rejected": []}
    assert till.show(held["reservation_id"])["state"] == "booked"
    # 1,000 input tokens at $0.15 and 100 output tokens at $0.60 a million.
    assert till.remaining() == 10 - Decimal("0.00021")
    assert till.settle(held["reservation_id"], "9")["state"] == "booked"
    assert till.release(held["reservation_id"])["state"] == "booked"
    assert till.remaining() == 10 - Decimal("0.00021")


def test_all_budgets_hold_or_none_does(till: Till) -> None:
    till.budget(name="wide", amount_usd="10")
    till.budget(name="narrow", scope={"tenant": "acme", "feature": "search"}, amount_usd="3")
    till.reserve("2", feature="search")

    refused = till.reserve("2", feature="search")

    assert refused["denied_by"] == "narrow"
    assert till.remaining() == 8
    assert till.reserve("8", feature="chat")["allowed"] is True


def test_a_budget_that_only_notifies_refuses_nothing(till: Till) -> None:
    till.budget(action="notify", amount_usd="1")

    assert till.reserve("100")["allowed"] is True


def test_a_budget_for_each_value_has_room_for_each(till: Till) -> None:
    till.budget(scope={"tenant": "acme", "user": "*"}, amount_usd="3")

    assert till.reserve("3", user="ada")["allowed"] is True
    assert till.reserve("1", user="ada")["allowed"] is False
    assert till.reserve("3", user="grace")["allowed"] is True
    assert till.reserve("100")["allowed"] is True


def test_an_expired_hold_is_in_nobodys_way(till: Till) -> None:
    till.budget(amount_usd="10")
    held = till.reserve("10", ttl_seconds=0.3)
    refused = till.reserve("1")
    assert refused["retry_at"] == held["expires_at"]

    time.sleep(0.35)

    assert till.reserve("10")["allowed"] is True


def test_a_retry_under_the_same_name_holds_once(till: Till) -> None:
    till.budget(amount_usd="10")
    key = {"Idempotency-Key": "order 17"}

    first = till.reserve("4", headers=key)
    second = till.reserve("4", headers=key)

    assert first == second
    assert till.remaining() == 6
    name = str(uuid4())
    assert till.reserve("1", reservation_id=name)["reservation_id"] == name
    assert till.reserve("1", reservation_id=name)["reservation_id"] == name
    assert till.remaining() == 5


def test_a_name_that_stands_for_something_else_is_refused(till: Till) -> None:
    name = str(uuid4())
    till.reserve("1", reservation_id=name)

    other = till.client.post(
        "/v1/reservations",
        json={"tenant": "acme", "amount_usd": "2", "reservation_id": name},
    )
    till.release(name)
    ended = till.client.post(
        "/v1/reservations",
        json={"tenant": "acme", "amount_usd": "1", "reservation_id": name},
    )

    assert other.status_code == 409
    assert ended.status_code == 409
    assert "released already" in ended.text


def test_usage_is_held_at_its_price(till: Till) -> None:
    till.budget(amount_usd="1")

    held = till.reserve(
        None, provider="openai", usage={"input_tokens": 1_000_000, "output_tokens": 0}
    )

    assert till.show(held["reservation_id"])["amount_usd"] == "0.15"
    assert till.show(held["reservation_id"])["amount_tokens"] == 1_000_000


def test_a_call_without_a_price_is_for_each_budget_to_admit(till: Till) -> None:
    usage = {"input_tokens": 10, "output_tokens": 10}
    till.budget(name="lenient", unpriceable="admit", amount_usd="1")

    assert till.reserve(None, model="house-model", usage=usage)["allowed"] is True

    till.budget(name="strict", unpriceable="deny", amount_usd="100")
    refused = till.reserve(None, model="house-model", usage=usage)
    assert (refused["denied_by"], refused["reason"]) == ("strict", "unpriceable")
    assert refused["retry_at"] is None


def test_a_budget_of_tokens_holds_tokens(till: Till) -> None:
    till.budget(amount_usd=None, amount_tokens=100)
    usage = {"input_tokens": 50, "output_tokens": 30}

    assert till.reserve(None, usage=usage)["allowed"] is True
    refused = till.reserve(None, usage=usage)

    assert refused["remaining_usd"] is None
    assert refused["remaining_tokens"] == 20


def test_throttled_spend_follows_the_period(till: Till) -> None:
    till.budget(action="throttle", amount_usd="3000", period="day")

    refused = till.reserve("2999.9")

    assert refused["reason"] == "too_fast"
    retry_at = datetime.fromisoformat(refused["retry_at"])
    assert retry_at > datetime.now(UTC)


def test_what_is_wrong_with_a_request_is_named(till: Till) -> None:
    def refused(path: str = "/v1/reservations", **body: object) -> tuple[int, str]:
        response = till.client.post(path, json=body)
        return response.status_code, (response.json or {})["detail"]

    assert refused(tenant="acme") == (
        400,
        "amount_usd: missing: say amount_usd, amount_tokens, or the usage to be expected",
    )
    assert refused(amount_usd="1")[0] == 400
    assert refused(tenant="acme", amount_usd="-1")[0] == 400
    assert refused(tenant="acme", amount_usd="1", ttl_seconds=0)[0] == 400
    assert "feature_name" in refused(tenant="acme", amount_usd="1", feature_name="x")[1]
    mistyped = {"input_tokens": 10, "output_token": 5_000}
    assert "output_token" in refused(tenant="acme", model="gpt-4o-mini", usage=mistyped)[1]
    assert refused(tenant="acme", model="gpt-4o-mini", usage={})[0] == 400
    assert refused(f"/v1/reservations/{uuid4()}/settle", amount_usd="1")[0] == 404
    assert refused("/v1/reservations/nonsense/settle", amount_usd="1")[0] == 404
    assert refused(f"/v1/reservations/{uuid4()}/settle")[0] == 400
    assert till.client.get(f"/v1/reservations/{uuid4()}").status_code == 404
