"""Twenty thousand calls priced anew under kills; `make soak` does it with a million."""

from __future__ import annotations

from tests.loads.repriced import (
    RepricePlan,
    assert_repriced_exactly_once,
    reprice_under_kills,
)

CALLS = 20_000


def test_a_job_killed_halfway_reprices_every_call_once_and_closed_months_stay(
    database_url: str,
) -> None:
    result = reprice_under_kills(
        database_url, RepricePlan(calls=CALLS, kills=1, most_seconds=60.0, tenants=12)
    )

    assert result.kills == 1
    assert_repriced_exactly_once(result, CALLS)
