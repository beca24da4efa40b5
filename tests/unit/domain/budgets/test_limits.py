"""What periods allow: amounts, what is carried over, thresholds, pace and forecast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledger.domain.budgets.budget import Budget, EarlierAmount
from ledger.domain.budgets.limits import (
    MOST_CARRIED_PERIODS,
    allowed_so_far,
    carried_periods,
    crossed,
    forecast,
    limit_of,
    pace_admits_at,
    used_ratio,
)
from ledger.domain.budgets.periods import Period, period_of
from tests.factories.budgets import a_budget

CREATED = datetime(2026, 1, 15, tzinfo=UTC)


def _carrying(cap: int) -> Budget:
    return a_budget(amount_pico_usd=100, rollover_cap_pico_usd=cap, created_at=CREATED)


def _month(month: int) -> Period:
    return period_of(a_budget(), datetime(2026, month, 10, tzinfo=UTC))


def _limit(budget: Budget, month: int, *spent: int) -> int:
    earlier = carried_periods(budget, _month(month))
    return limit_of(budget, _month(month), earlier, spent)


def test_without_rollover_periods_stand_alone() -> None:
    budget = a_budget(amount_pico_usd=100)
    assert carried_periods(budget, _month(12)) == []
    assert limit_of(budget, _month(12)) == 100


def test_what_a_period_leaves_goes_to_the_next_up_to_the_cap() -> None:
    assert _limit(_carrying(30), 2, 90) == 110
    assert _limit(_carrying(30), 2, 20) == 130


def test_what_is_left_of_what_was_carried_is_carried_on() -> None:
    assert _limit(_carrying(50), 3, 80, 90) == 130


def test_an_overspend_is_taken_from_the_next_periods_until_it_is_made_up() -> None:
    budget = _carrying(0)
    assert _limit(budget, 2, 130) == 70
    assert _limit(budget, 3, 130, 70) == 100
    assert _limit(budget, 3, 350, 0) == 0
    assert _limit(budget, 4, 350, 0, 0) == 50


def test_the_period_of_creation_gets_nothing_from_before() -> None:
    assert carried_periods(_carrying(50), _month(1)) == []
    assert carried_periods(_carrying(50), _month(3)) == [_month(1), _month(2)]


def test_only_so_many_periods_are_looked_back() -> None:
    budget = a_budget(amount_pico_usd=1, rollover_cap_pico_usd=1, period="day", created_at=CREATED)
    period = period_of(budget, CREATED + timedelta(days=100))
    earlier = carried_periods(budget, period)
    assert len(earlier) == MOST_CARRIED_PERIODS
    assert earlier[-1].end == period.start


def test_an_earlier_period_had_the_amount_that_held_at_its_end() -> None:
    changed = datetime(2026, 3, 20, tzinfo=UTC)
    budget = a_budget(amount_pico_usd=500, earlier_amounts=(EarlierAmount(changed, 100),))
    assert [limit_of(budget, _month(month)) for month in (2, 3, 4)] == [100, 500, 500]


def test_thresholds_are_crossed_when_they_are_reached() -> None:
    shares = (Decimal(1), Decimal("0.5"), Decimal("0.8"))
    assert crossed(shares, 49, 100) == []
    assert crossed(shares, 80, 100) == [Decimal("0.5"), Decimal("0.8")]
    assert crossed(shares, 130, 100) == sorted(shares)


def test_the_ratio_is_of_the_limit() -> None:
    assert used_ratio(1, 3) == Decimal("0.333333")
    assert used_ratio(0, 0) == 0
    assert used_ratio(5, 0) == 1


DAY = Period(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))


def test_the_pace_allows_the_share_of_the_period_that_has_passed() -> None:
    assert allowed_so_far(DAY, 960, DAY.start + timedelta(hours=6)) == 240
    assert allowed_so_far(DAY, 960, DAY.end) == 960


def test_the_pace_never_allows_less_than_a_quarter_hour() -> None:
    assert allowed_so_far(DAY, 960, DAY.start) == 10


def test_the_pace_says_when_it_admits_an_amount() -> None:
    assert pace_admits_at(DAY, 960, 240) == DAY.start + timedelta(hours=6)
    assert pace_admits_at(DAY, 960, 10) == DAY.start
    assert pace_admits_at(DAY, 960, 961) is None


def test_what_the_pace_says_holds_to_the_microsecond() -> None:
    for wanted in (11, 333, 959):
        at = pace_admits_at(DAY, 961, wanted)
        assert at is not None
        assert allowed_so_far(DAY, 961, at) >= wanted
        assert allowed_so_far(DAY, 961, at - timedelta(microseconds=1)) < wanted


def test_a_forecast_goes_on_as_until_now() -> None:
    assert forecast(DAY, 25, DAY.start + timedelta(hours=6)) == 100
    assert forecast(DAY, 25, DAY.end) == 25
