"""Days of eight zones, with both changes of the clocks, add up to the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.domain.budgets.periods import (
    Period,
    calendar_period,
    period_of,
    previous_period,
)
from ledger.domain.budgets.scope import NO_STARS
from ledger.domain.money import PICO_PER_USD
from ledger.queries.budgets.standings import history, standings
from ledger.queries.reader import Reader
from ledger.queries.spend import SpendQuestion, spend
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget
from tests.unit.domain.budgets.test_periods import ZONES

_NEW_YEAR = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _changes(name: str) -> list[datetime]:
    """Moments of the days on which clocks change there, or any two days where they never do."""
    days = [calendar_period("day", name, _NEW_YEAR + timedelta(days=n)) for n in range(365)]
    changing = [day.start for day in days if day.length != timedelta(days=1)]
    return changing or [days[100].start, days[300].start]


@pytest.mark.parametrize("name", ZONES)
def test_the_sum_of_the_days_is_the_range_and_the_ledger(
    database: Database, reader: Reader, name: str
) -> None:
    changes = _changes(name)
    assert len(changes) == 2
    calls = [
        a_call(started_at=middle + timedelta(minutes=17 * step))
        for middle in changes
        for step in range(-600, 600)
    ]
    Teller(database).tell(calls)
    budget = set_budget(database, a_budget(period="day", time_zone=name))
    for middle in changes:
        day = period_of(budget, middle + timedelta(days=5))
        days = [day]
        while len(days) < 10:
            days.append(previous_period(budget, days[-1]))
        whole = Period(days[-1].start, day.end)
        with reader.connection() as connection:
            counted = history(connection, (budget, NO_STARS), days, middle)
        booked = [call for call in calls if whole.start <= call.started_at < whole.end]
        ledger = spend(reader, SpendQuestion(start=whole.start, end=whole.end))[0]
        assert sum(one.calls for one in counted) == len(booked) == ledger.calls
        assert sum(one.spent for one in counted) == ledger.cost_pico_usd
        for one in counted:
            within = [c for c in booked if one.period.start <= c.started_at < one.period.end]
            assert one.calls == len(within)


def test_a_month_turns_at_the_zones_midnight_with_nothing_running(
    database: Database, reader: Reader
) -> None:
    turn = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    budget = set_budget(database, a_budget(time_zone="Asia/Kolkata"))
    instant = timedelta(microseconds=1)
    Teller(database).tell([a_call(started_at=turn - instant), a_call(started_at=turn)])
    with reader.connection() as connection:
        before, after = (
            standings(connection, [(budget, NO_STARS)], at)[0] for at in (turn - instant, turn)
        )
    assert before.period.end == after.period.start == turn
    assert before.calls == after.calls == 1


def test_what_is_left_and_what_is_overspent_is_carried(database: Database, reader: Reader) -> None:
    Teller(database).tell([a_call(started_at=datetime(2026, 10, 5, tzinfo=UTC))])
    budget = set_budget(
        database,
        a_budget(
            amount_pico_usd=PICO_PER_USD,
            rollover_cap_pico_usd=PICO_PER_USD // 2,
            created_at=datetime(2026, 9, 1, tzinfo=UTC),
        ),
    )
    with reader.connection() as connection:
        months = [datetime(2026, month, 10, tzinfo=UTC) for month in (9, 10, 11)]
        september, october, november = (
            standings(connection, [(budget, NO_STARS)], at)[0] for at in months
        )
    assert september.limit == PICO_PER_USD
    assert october.limit == PICO_PER_USD * 3 // 2
    assert november.limit == PICO_PER_USD + min(PICO_PER_USD // 2, october.limit - october.spent)
