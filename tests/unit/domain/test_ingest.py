from __future__ import annotations

import pytest

from ledger.domain.ingest import (
    COMMIT_BOUNDS,
    Commit,
    CommitCount,
    calls_now,
    count_commits,
    dead_letters_now,
    unbalanced_receivers,
)

_COUNTS = [
    ("calls", "received", 10),
    ("calls", "booked", 4),
    ("calls", "duplicate", 3),
    ("calls", "ignored", 1),
    ("calls", "dead_lettered", 2),
    ("calls", "replayed", 1),
    ("dead_letters", "received", 1),
    ("dead_letters", "booked", 1),
    ("logs", "received", 2),
    ("logs", "rejected", 2),
    ("", "joined_later", 2),
    ("", "parted_later", 1),
]


def test_records_with_one_result_each_balance() -> None:
    assert unbalanced_receivers(_COUNTS) == []
    assert calls_now(_COUNTS) == 4 + 1 - 2 + 1
    assert dead_letters_now(_COUNTS) == 2 - 1


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 6, 7, 8, 9])
def test_one_record_more_anywhere_is_found_and_named(place: int) -> None:
    receiver, result, records = _COUNTS[place]
    counts = [*_COUNTS[:place], (receiver, result, records + 1), *_COUNTS[place + 1 :]]
    (imbalance,) = unbalanced_receivers(counts)
    assert imbalance.off == 1
    assert imbalance.what.startswith(f"{receiver}: ")


def test_a_receiver_of_which_nothing_was_received_has_no_results() -> None:
    (imbalance,) = unbalanced_receivers([("logs", "booked", 2)])
    assert (imbalance.found, imbalance.should_be) == (2, 0)


def test_commits_are_counted_by_the_first_bound_that_holds_them() -> None:
    beyond = len(COMMIT_BOUNDS["seconds"])
    commits = [Commit(0.005, 1, 0.5), Commit(0.006, 10_000, 0.5), Commit(99.0, 0, 600.0)]
    assert count_commits(commits) == [
        CommitCount("calls", 0, 2, 1.0),
        CommitCount("calls", 7, 1, 10_000.0),
        CommitCount("lag_seconds", 5, 2, 1.0),
        CommitCount("lag_seconds", len(COMMIT_BOUNDS["lag_seconds"]), 1, 600.0),
        CommitCount("seconds", 0, 1, 0.005),
        CommitCount("seconds", 1, 1, 0.006),
        CommitCount("seconds", beyond, 1, 99.0),
    ]
    assert count_commits([]) == []
