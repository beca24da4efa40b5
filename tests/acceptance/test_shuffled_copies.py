"""Ten thousand calls sent three times, shuffled; `make soak` does it with a million."""

from __future__ import annotations

from tests.loads.assertions import assert_same_as_in_peace
from tests.loads.shuffled import ShuffledPlan, load_quietly, load_shuffled
from tests.servers.databases import TestServer

PLAN = ShuffledPlan(calls=10_000, senders=4, workers=4, seed=21, most_seconds=120.0)


def test_calls_sent_three_times_in_disorder_over_two_receivers_book_as_once_in_order(
    server: TestServer,
) -> None:
    with server.fresh_database() as url:
        quiet = load_quietly(url, PLAN)
    with server.fresh_database() as url:
        shuffled = load_shuffled(url, PLAN)

    assert_same_as_in_peace(shuffled, quiet, PLAN.calls)
