"""Whether an amount fits into an account, and what is said when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.domain.budgets.budget import Bucket
from ledger.domain.budgets.periods import period_of
from ledger.domain.reservations.refusals import Refusal, binding
from ledger.domain.reservations.reservation import Amount
from ledger.domain.reservations.standing import Standing
from tests.factories.budgets import a_budget

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)


def standing(*, spent: int = 0, held: int = 0, next_expiry: Any = None, **budget: Any) -> Standing:
    """Of a budget of 100 pico-dollars a month, unless told otherwise."""
    fields: dict[str, Any] = {"amount_pico_usd": 100, **budget}
    one = a_budget(**fields)
    return Standing(
        budget=one,
        bucket=Bucket(one.budget_id, "[]"),
        period=period_of(one, NOON),
        limit=one.amount,
        spent=spent,
        held=held,
        next_expiry=next_expiry,
    )


def refused(one: Standing, amount: Amount) -> Refusal:
    """The refusal that must come."""
    refusal = one.refusal(amount, NOON)
    assert refusal is not None
    return refusal


def test_the_last_pico_dollar_fits_and_no_more() -> None:
    assert standing(spent=60, held=30).refusal(Amount(10, None), NOON) is None
    assert refused(standing(spent=60, held=30), Amount(11, None)).remaining == 10


def test_nothing_fits_even_into_a_budget_that_is_used_up() -> None:
    assert standing(spent=100).refusal(Amount(0, None), NOON) is None


def test_what_fits_in_the_next_period_may_be_tried_then() -> None:
    assert refused(standing(spent=95), Amount(10, None)).retry_at == MONTH_END


def test_what_is_held_may_free_sooner() -> None:
    soon = NOON + timedelta(minutes=3)

    freeing = standing(spent=50, held=45, next_expiry=soon)
    of_no_use = standing(spent=95, held=5, next_expiry=soon)

    assert refused(freeing, Amount(10, None)).retry_at == soon
    assert refused(of_no_use, Amount(10, None)).retry_at == MONTH_END


def test_what_never_fits_need_not_be_tried_again() -> None:
    assert refused(standing(), Amount(101, None)).retry_at is None
    carried = standing(spent=50, rollover_cap_pico_usd=10)
    assert refused(carried, Amount(105, None)).retry_at == MONTH_END


def test_a_rolling_window_moves_with_the_next_quarter_hour() -> None:
    rolling = standing(spent=95, period="rolling", window_seconds=7200)

    assert refused(rolling, Amount(10, None)).retry_at == NOON + timedelta(minutes=15)


def test_throttled_spend_is_paced_over_the_period() -> None:
    # At noon of the 16th, 31/60 of November are over.
    paced = standing(spent=50, action="throttle", amount_pico_usd=120)

    assert paced.refusal(Amount(12, None), NOON) is None
    refusal = refused(paced, Amount(14, None))
    assert refusal.reason == "too_fast"
    assert refusal.retry_at == datetime(2026, 11, 17, tzinfo=UTC)
    assert refused(paced, Amount(71, None)).reason == "used_up"


@pytest.mark.parametrize(("left", "fits"), [(1, True), (0, False)])
def test_an_unknown_amount_fits_while_anything_is_left(left: int, fits: bool) -> None:
    one = standing(spent=100 - left, unpriceable="admit")

    assert (one.refusal(Amount(None, 50), NOON) is None) == fits


def test_a_budget_may_deny_whatever_has_no_price() -> None:
    refusal = refused(standing(unpriceable="deny"), Amount(None, 50))

    assert (refusal.reason, refusal.retry_at) == ("unpriceable", None)


def test_a_budget_of_tokens_looks_at_tokens() -> None:
    one = standing(spent=90, amount_pico_usd=None, amount_tokens=100)

    assert one.refusal(Amount(10**18, 10), NOON) is None
    assert refused(one, Amount(0, 11)).is_in_tokens


def test_the_refusal_that_lasts_longest_is_told() -> None:
    soon = refused(standing(spent=95, period="day"), Amount(10, None))
    late = refused(standing(spent=95), Amount(10, None))
    never = refused(standing(), Amount(1000, None))

    assert binding([soon, late]) is late
    assert binding([late, never, soon]) is never
