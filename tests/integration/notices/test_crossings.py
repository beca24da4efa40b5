"""Each threshold of a budget is noticed once in a period, whatever happens meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from ledger.commands.budgets.setting import change_budget, end_budget
from ledger.domain.budgets.budget import Budget
from ledger.domain.usage import Usage
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from tests.factories.budgets import a_budget
from tests.factories.calls import a_call
from tests.integration.bookings import Teller
from tests.integration.budgets.books import set_budget
from tests.integration.notices.notice_book import (
    DAY,
    NOON,
    a_token_budget,
    calls_of,
    dollars,
    look,
    notices,
    spend,
    thresholds,
)

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def budget(database: Database) -> Budget:
    return set_budget(database, a_token_budget())


@pytest.fixture
def watchmen(database_url: str) -> Iterator[Database]:
    """The ledger as those see it who look at budgets."""
    database = Database(database_url, max_connections=3)
    yield database
    database.close()


@pytest.mark.usefixtures("budget")
def test_64_concurrent_calls_that_cross_thresholds_make_one_notice_for_each(
    database: Database, watchmen: Database
) -> None:
    done = threading.Event()

    def watch() -> int:
        noted = 0
        while not done.is_set():
            noted += look(watchmen, NOON)
        return noted

    def book() -> None:
        teller = Teller(database)
        for call in calls_of([2] * 8, NOON):
            teller.tell([call])

    with ThreadPoolExecutor(11) as threads:
        try:
            # Three look at once, as three machines might.
            watching = [threads.submit(watch) for _ in range(3)]
            booked = [threads.submit(book) for _ in range(8)]
            for future in booked:
                future.result()
        finally:
            done.set()
    noted = sum(future.result() for future in watching) + look(database, NOON)
    assert noted == 3
    assert sorted(thresholds(database)) == ["0.5", "0.8", "1"]


@pytest.mark.usefixtures("budget")
def test_a_threshold_is_noticed_when_it_is_reached_and_not_before(database: Database) -> None:
    spend(database, 49, NOON)
    assert look(database, NOON) == 0
    spend(database, 1, NOON)
    assert look(database, NOON) == 1
    assert look(database, NOON) == 0
    [notice] = notices(database)
    assert (notice.used, notice.allowed, notice.threshold) == (50, 100, Decimal("0.5"))
    assert (notice.period_start, notice.period_end) == (NOON - DAY / 2, NOON + DAY / 2)


@pytest.mark.usefixtures("budget")
def test_the_next_period_notices_anew(database: Database) -> None:
    spend(database, 100, NOON)
    look(database, NOON)
    spend(database, 85, NOON + DAY)
    assert look(database, NOON + DAY) == 2
    assert thresholds(database) == ["0.5", "0.8", "1", "0.5", "0.8"]


def test_a_period_begins_at_midnight_of_the_tenants_zone(database: Database) -> None:
    set_budget(database, a_token_budget(time_zone="Asia/Kathmandu"))
    midnight = datetime(2026, 11, 2, 18, 15, tzinfo=UTC)  # 00:00 at +05:45
    spend(database, 60, midnight - MINUTE)
    look(database, midnight - MINUTE)
    assert look(database, midnight + MINUTE) == 0
    spend(database, 60, midnight)
    assert look(database, midnight + MINUTE) == 1
    assert [one.period_start for one in notices(database)] == [midnight - DAY, midnight]


@pytest.mark.usefixtures("budget")
def test_what_is_crossed_in_the_last_second_of_a_period_is_noticed_after_it(
    database: Database,
) -> None:
    midnight = datetime(2026, 11, 3, tzinfo=UTC)
    look(database, midnight - timedelta(seconds=2))
    spend(database, 50, midnight - timedelta(seconds=1))
    assert look(database, midnight + timedelta(seconds=3)) == 1


@pytest.mark.usefixtures("budget")
def test_calls_that_come_two_days_late_are_noticed_in_their_period(database: Database) -> None:
    spend(database, 90, NOON)
    assert look(database, NOON + 2 * DAY) == 0
    assert look(database, NOON + 2 * DAY, back=3 * DAY) == 2
    assert {one.period_end for one in notices(database)} == {NOON + DAY / 2}


@pytest.mark.usefixtures("budget")
def test_a_correction_that_falls_below_and_a_rise_after_it_notice_nothing_again(
    database: Database,
) -> None:
    spend(database, 60, NOON)
    assert look(database, NOON) == 1
    with database.transaction("tollbook_ingest") as connection:
        # What a copy leaves that turns out to be the better record of the call.
        connection.execute(text("UPDATE budget_sums SET tokens = tokens - 30"))
    assert look(database, NOON) == 0
    spend(database, 30, NOON)
    assert look(database, NOON) == 0
    assert thresholds(database) == ["0.5"]


def test_a_budget_over_what_is_spent_already_notices_once(database: Database) -> None:
    now = datetime.now(UTC)
    spend(database, 90, now - DAY)
    spend(database, 120, now)
    budget = a_token_budget(created_at=now)
    set_budget(database, budget)
    assert look(database, now, back=3 * DAY) == 3
    assert look(database, now, back=3 * DAY) == 0
    # The periods that had ended before it was there are none of its own.
    assert {one.used for one in notices(database)} == {120}


def test_a_budget_that_is_filling_waits_until_it_is_filled(database: Database) -> None:
    spend(database, 120, NOON)
    budget = set_budget(database, a_token_budget(), filled=False)
    spend(database, 60, NOON)
    assert look(database, NOON) == 0
    set_budget(database, a_token_budget(name="another"))  # fills all that wait
    assert look(database, NOON) == 6
    assert {one.used for one in notices(database) if one.budget_id == budget.budget_id} == {180}


def test_each_value_has_its_own_notices(database: Database) -> None:
    set_budget(database, a_token_budget(scope={"tenant": "acme", "user": "*"}))
    Teller(database).tell([*calls_of([60, 60], NOON, user="ann"), *calls_of([60], NOON, user="bo")])
    look(database, NOON)
    found = {(one.scope_key, str(one.threshold)) for one in notices(database)}
    assert found == {('["ann"]', "0.5"), ('["ann"]', "0.8"), ('["ann"]', "1"), ('["bo"]', "0.5")}


def test_money_is_compared_to_the_pico_dollar(database: Database) -> None:
    # 1,000 input and 100 output tokens of gpt-4o-mini: 0.00021 dollars.
    cost = dollars("0.00021")
    exact = a_budget(name="exact", amount_pico_usd=cost, thresholds=(Decimal(1),))
    more = a_budget(name="more", amount_pico_usd=cost + 1, thresholds=(Decimal(1),))
    for one in (exact, more):
        set_budget(database, one)
    Teller(database).tell([a_call(started_at=NOON)])
    look(database, NOON)
    assert [one.budget_id for one in notices(database)] == [exact.budget_id]


def test_a_raised_amount_arms_what_it_is_above_of_again(database: Database, reader: Reader) -> None:
    now = datetime.now(UTC)
    budget = set_budget(database, a_token_budget(period="quarter"))
    spend(database, 90, now)
    assert look(database, now) == 2
    change_budget(reader, budget.budget_id, {"amount_tokens": 150})
    later = datetime.now(UTC)
    assert look(database, later) == 0  # 90 of 150: half is reached still, four fifths are not
    spend(database, 35, now)
    assert look(database, later) == 1
    assert thresholds(database) == ["0.5", "0.8", "0.8"]
    assert look(database, later) == 0


def test_a_threshold_that_is_added_later_is_noticed(database: Database, reader: Reader) -> None:
    now = datetime.now(UTC)
    budget = set_budget(database, a_token_budget(period="quarter"))
    spend(database, 95, now)
    look(database, now)
    change_budget(reader, budget.budget_id, {"thresholds": (Decimal("0.5"), Decimal("0.9"))})
    assert look(database, now) == 1
    assert thresholds(database)[-1] == "0.9"


def test_budgets_that_have_ended_or_have_no_thresholds_notice_nothing(
    database: Database, reader: Reader, budget: Budget
) -> None:
    set_budget(database, a_token_budget(name="silent", thresholds=()))
    spend(database, 200, NOON)
    end_budget(reader, budget.budget_id)
    assert look(database, NOON) == 0


def test_what_was_carried_over_counts_for_the_limit(database: Database) -> None:
    created = NOON - DAY
    budget = a_budget(
        period="day", amount_pico_usd=dollars("0.00042"), rollover_cap_pico_usd=dollars("0.00021"),
        thresholds=(Decimal(1),), created_at=created,
    )  # fmt: skip
    set_budget(database, budget)
    teller = Teller(database)
    teller.tell([a_call(started_at=created)])  # half of the day before is left, and comes over
    teller.tell([a_call(started_at=NOON) for _ in range(2)])
    assert look(database, NOON, back=3 * DAY) == 0
    teller.tell([a_call(started_at=NOON)])
    assert look(database, NOON) == 1
    assert notices(database)[0].allowed == dollars("0.00063")


class TestRollingWindows:
    """They are armed again once the use was below for a whole step."""

    @pytest.fixture(autouse=True)
    def _an_hour(self, database: Database) -> None:
        set_budget(
            database,
            a_token_budget(period="rolling", window_seconds=3600, thresholds=(Decimal("0.8"),)),
        )

    def _looks(self, database: Database, *minutes: int) -> list[int]:
        return [look(database, NOON + one * MINUTE) for one in minutes]

    def test_a_window_that_stays_full_is_noticed_once(self, database: Database) -> None:
        spend(database, 80, NOON)
        assert self._looks(database, 1, 14, 16, 31, 46, 59) == [1, 0, 0, 0, 0, 0]

    def test_it_is_noticed_again_after_a_whole_step_below(self, database: Database) -> None:
        spend(database, 80, NOON)
        # From 13:00 on the call is out of the window; 13:15 ends the first whole step without.
        assert self._looks(database, 1, 61, 74, 76) == [1, 0, 0, 0]
        spend(database, 85, NOON + 80 * MINUTE)
        assert self._looks(database, 81, 91) == [1, 0]
        assert [one.used for one in notices(database)] == [80, 85]
        assert notices(database)[0].rearmed_at == NOON + 75 * MINUTE

    def test_a_dip_of_less_than_a_step_is_no_news(self, database: Database) -> None:
        spend(database, 80, NOON)
        assert self._looks(database, 1, 61) == [1, 0]
        spend(database, 90, NOON + 65 * MINUTE)
        assert self._looks(database, 66, 76, 91) == [0, 0, 0]

    def test_what_crosses_in_the_last_second_of_a_step_is_noticed_after_it(
        self, database: Database
    ) -> None:
        spend(database, 60, NOON)
        spend(database, 20, NOON + 59 * MINUTE)
        # The window of 13:01 holds 20 only; that of the step before held 80.
        assert self._looks(database, 61, 62) == [1, 0]

    def test_a_look_far_back_finds_nothing_twice(self, database: Database) -> None:
        spend(database, 80, NOON)
        self._looks(database, 1, 61, 76)
        for minutes in (77, 92, 107, 122):
            assert look(database, NOON + minutes * MINUTE, back=3 * DAY) == 0


def test_a_notice_tells_what_was_so_when_it_was_noticed(database: Database, budget: Budget) -> None:
    Teller(database).tell([a_call(started_at=NOON, usage=Usage(input_tokens=70, output_tokens=7))])
    look(database, NOON + MINUTE)
    [notice] = notices(database)
    assert notice.used == 77
    assert notice.crossed_at == NOON + MINUTE
    assert notice.armed_at == notice.period_start
    assert msgspec.structs.asdict(budget)["budget_id"] == notice.budget_id
