"""Whatever many clients do at once, a budget that blocks is never passed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.loads.reserving import (
    SHORT_TTL_SECONDS,
    Plan,
    accounts,
    run_at_random,
    set_overlapping_budgets,
)
from tests.loads.till_books import off_by
from tests.servers.collectors import collecting
from tests.servers.homes import wait_until
from tests.servers.tills import Till


@pytest.mark.timeout(120)
def test_settled_and_held_never_exceed_the_limit(database_url: str, tmp_path: Path) -> None:
    plan = Plan(reservations=1_200, processes=1, threads=48, seed=11, usual_usd=Decimal("0.25"))
    with collecting(database_url, home=str(tmp_path), ingest_workers="3") as collector:
        set_overlapping_budgets(collector.url)

        outcome = run_at_random(plan, collector.url, database_url)

        till = Till(collector.url)
        wait_until(lambda: _nothing_is_held(till, database_url), "expired holds come back")
        till.close()
        assert off_by(database_url) == []
    assert outcome.overshot == []
    assert outcome.samples > 20
    assert set(outcome.statuses) == {200}
    assert outcome.over_hold == 0
    # It was a near thing all the while.
    assert outcome.done["refused"] > 50
    assert outcome.highest_usd > 90
    assert SHORT_TTL_SECONDS < 2


def _nothing_is_held(till: Till, database_url: str) -> bool:
    """A refusal makes admission look for holds whose time is up, and give them back."""
    till.reserve("1000", user="user 0", feature="search", tags={"team": "red"})
    return all(account.held == 0 for account in accounts(database_url))
