"""Sums by the day are what the quarter-hours add up to, whatever wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from ledger.commands.reservations.standings import standings_of
from ledger.domain.budgets.budget import Bucket, Budget
from ledger.domain.budgets.periods import period_of
from ledger.storage.database import Database, driver_connection
from tests.factories.budgets import a_budget
from tests.factories.calls import START, a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget

_OFF = text("""
    SELECT budget_id, scope_key, day, sum(pico_usd), sum(tokens) FROM (
        SELECT budget_id, scope_key, (starts_at AT TIME ZONE 'UTC')::date AS day,
            spent_pico_usd + provisional_pico_usd AS pico_usd,
            tokens + provisional_tokens AS tokens FROM budget_sums
        UNION ALL
        SELECT budget_id, scope_key, day, -used_pico_usd, -used_tokens FROM budget_days
    ) AS entries GROUP BY 1, 2, 3 HAVING sum(pico_usd) <> 0 OR sum(tokens) <> 0
""")
_SUM = text("""
    SELECT coalesce(sum(spent_pico_usd + provisional_pico_usd), 0) FROM budget_sums
    WHERE budget_id = :budget AND starts_at >= :start AND starts_at < :end
""")
_ACCOUNT = text("INSERT INTO budget_states (budget_id, scope_key) VALUES (:budget, '[]')")


def _off(database: Database) -> list[Any]:
    with database.transaction("tollbook_ingest") as connection:
        return list(connection.execute(_OFF).all())


def _book_a_fortnight(database: Database) -> None:
    """A call every 100 minutes, so that all quarter-hours of a day are met."""
    calls = [
        a_call(started_at=START - timedelta(days=7) + timedelta(minutes=100 * number))
        for number in range(200)
    ]
    Teller(database).tell(calls)


def test_bookings_and_fills_leave_the_days_right(database: Database) -> None:
    _book_a_fortnight(database)
    set_budget(database, a_budget())
    assert _off(database) == []
    _book_a_fortnight(database)
    Teller(database).tell([a_call(started_at=START + timedelta(minutes=7), user="ada")])
    set_budget(database, a_budget(scope={"tenant": "acme", "user": "*"}))
    assert _off(database) == []


@pytest.mark.parametrize(
    "budget",
    [
        a_budget(period="hour"),
        a_budget(period="day", time_zone="Asia/Kathmandu"),
        a_budget(period="week", time_zone="America/St_Johns"),
        a_budget(period="month"),
        a_budget(period="month", time_zone="Pacific/Auckland"),
        a_budget(period="rolling", window_seconds=900),
        a_budget(period="rolling", window_seconds=900 * 137),
    ],
    ids=lambda budget: f"{budget.period} {budget.time_zone} {budget.window_seconds}",
)
@pytest.mark.parametrize("hours", [0, 3, 14.4, 24, 61])
def test_admission_reads_by_days_what_the_quarter_hours_say(
    database: Database, budget: Budget, hours: float
) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(hours=hours)
    set_budget(database, budget)
    _book_a_fortnight(database)
    bucket = Bucket(budget.budget_id, "[]")
    period = period_of(budget, now)
    with database.transaction("tollbook_ingest") as connection:
        connection.execute(_ACCOUNT, {"budget": budget.budget_id})
        standings = standings_of(
            driver_connection(connection), {budget.budget_id: budget}, [bucket], now
        )
        plain = connection.execute(
            _SUM, {"budget": budget.budget_id, "start": period.start, "end": period.end}
        ).scalar_one()
    assert standings[bucket].spent == int(plain)
