"""Twenty thousand calls while parts are killed; `make soak` has the long form."""

from __future__ import annotations

from tests.loads.assertions import assert_nothing_lost_or_doubled
from tests.loads.chaos import BACKEND, COLLECTOR, POSTMASTER, WORKER
from tests.loads.kill_run import KillPlan, run_under_kills

CALLS = 20_000


def test_kills_and_an_absence_of_postgres_lose_and_double_nothing() -> None:
    survived = run_under_kills(
        KillPlan(
            calls=CALLS,
            senders=4,
            over_seconds=16.0,
            targets=(WORKER, COLLECTOR, BACKEND, POSTMASTER),
            away_seconds=5.0,
            seed=11,
            settling_seconds=40.0,
        )
    )

    assert_nothing_lost_or_doubled(survived, CALLS)
    # Otherwise nothing of it was put to the test.
    assert any(said.answers.total() > said.answers["200"] for said in survived.told)
