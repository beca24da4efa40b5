"""Notices say in plain words what a person who minds the money wants to know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.notices.texts import composed
from ledger.domain.budgets.budget import Budget
from ledger.domain.budgets.periods import period_of
from ledger.domain.money import PICO_PER_USD
from ledger.domain.notices.notice import Notice
from tests.factories.budgets import a_budget

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)


def a_notice(budget: Budget, usd: str = "81.2", threshold: str = "0.8", **changes: Any) -> Notice:
    period = period_of(budget, NOON)
    fields: dict[str, Any] = {
        "budget_id": budget.budget_id,
        "scope_key": "[]",
        "armed_at": period.start,
        "threshold": Decimal(threshold),
        "period_start": period.start,
        "period_end": period.end,
        "used": int(Decimal(usd) * PICO_PER_USD),
        "allowed": budget.amount,
        "crossed_at": NOON,
    }
    return Notice(**{**fields, **changes})


def lines(budget: Budget, *notices: Notice) -> list[str]:
    return composed(budget, notices, None).body.splitlines()


def test_money_is_shown_to_the_cent_and_times_in_the_budgets_zone() -> None:
    budget = a_budget(
        name="Chat", time_zone="Asia/Kolkata", scope={"tenant": "acme", "feature": "chat"}
    )
    assert lines(budget, a_notice(budget)) == [
        "Budget: Chat (tenant acme; feature=chat)",
        "Used: 81.20 of 100.00 USD (81.2 %)",
        "Reached: 80 %",
        "Period: month, 2026-11-01 00:00 to 2026-12-01 00:00 Asia/Kolkata; ends in 19 days",
        "Forecast: 227.04 USD by the end of the period, if it goes on like this",
        "",
        "What happens now: nothing yet; at 100 % new reservations are refused.",
    ]


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "0.00"),
        ("0.00042", "0.00042"),
        ("0.000426", "0.00043"),
        ("0.12", "0.12"),
        ("0.5", "0.50"),
        ("1234567.895", "1,234,567.90"),
    ],
)
def test_small_amounts_keep_the_digits_that_count(usd: str, shown: str) -> None:
    budget = a_budget()
    assert f"Used: {shown} of 100.00 USD" in lines(budget, a_notice(budget, usd))[1]


def test_what_is_not_reached_is_not_said_to_be() -> None:
    budget = a_budget()
    assert "(99.9 %)" in lines(budget, a_notice(budget, "99.999"))[1]


@pytest.mark.parametrize(
    ("action", "usd", "said"),
    [
        ("notify", "120", "only notifies"),
        ("throttle", "81", "even pace"),
        ("block", "81", "nothing yet"),
        ("block", "100", "new reservations are refused until it ends"),
    ],
)
def test_what_happens_now_is_said(action: str, usd: str, said: str) -> None:
    budget = a_budget(action=action)
    assert said in lines(budget, a_notice(budget, usd))[-1]


def test_a_value_and_the_urgency_are_told() -> None:
    budget = a_budget(name="Each", scope={"tenant": "*"})
    message = composed(budget, [a_notice(budget, "100", "1", scope_key='["acme"]')], None)
    assert message.title == "Budget Each for tenant=acme: 100 % reached"
    assert message.urgency == "failure"
    assert message.body.splitlines()[:2] == [
        "Budget: Each (each tenant)",
        "For: tenant=acme",
    ]


def test_names_that_others_send_stay_in_one_line() -> None:
    budget = a_budget(name="Each", scope={"tenant": "acme", "user": "*"})
    key = '["ann\\nUsed: 0 of 100 USD' + "x" * 200 + '"]'
    message = composed(budget, [a_notice(budget, scope_key=key)], None)
    assert "\n" not in message.title
    assert len(message.title) < 150
    assert len([line for line in message.body.splitlines() if line.startswith("Used:")]) == 1


def test_a_rolling_window_has_no_end_and_no_forecast() -> None:
    budget = a_budget(period="rolling", window_seconds=86_400)
    found = lines(budget, a_notice(budget))
    assert "Period: the last 24 hours, always moving" in found
    assert "Forecast: none for a moving window" in found


def test_a_period_that_has_ended_is_said_to_have() -> None:
    budget = a_budget(period="day")
    late = a_notice(budget, crossed_at=NOON + timedelta(days=2))
    found = lines(budget, late)
    assert found[3].endswith("has ended")
    assert found[4].startswith("Forecast: 81.20 USD")
