"""Turns by owner: a busy one keeps only itself waiting, and is the one that is turned away."""

from __future__ import annotations

import threading

import pytest

from collector.pipeline.fair_queue import FairQueue
from ledger.domain.errors import Overloaded


def test_each_turn_goes_to_the_next_owner() -> None:
    queue: FairQueue[str] = FairQueue(100)
    for item in ("busy-1", "busy-2", "busy-3"):
        queue.put("busy", item, 10)
    queue.put("quiet", "quiet-1", 10)
    queue.put("other", "other-1", 10)

    assert queue.take(50) == ["busy-1", "quiet-1", "other-1", "busy-2", "busy-3"]


def test_what_is_put_back_waits_behind_the_other_owners() -> None:
    queue: FairQueue[str] = FairQueue(100)
    queue.put("large", "large", 60)
    queue.put("quiet", "quiet", 10)

    assert queue.take(1) == ["large"]
    queue.put_back("large", "large", 60)
    assert queue.size == 70
    assert queue.take(1) == ["quiet"]
    assert queue.take(1) == ["large"]


def test_what_is_taken_at_once_is_bounded_by_its_size() -> None:
    queue: FairQueue[int] = FairQueue(100)
    for item in range(5):
        queue.put("one", item, 10)

    assert queue.take(25) == [0, 1, 2]
    assert queue.take(1) == [3]


def test_at_the_bound_the_owner_with_more_than_its_share_waits_outside() -> None:
    queue: FairQueue[str] = FairQueue(100)
    for number in range(9):
        queue.put("busy", f"busy-{number}", 10)
    queue.put("quiet", "quiet-1", 10)

    with pytest.raises(Overloaded):
        queue.put("busy", "one too many", 10)
    queue.put("quiet", "quiet-2", 10)
    queue.put("new", "new-1", 10)
    assert queue.size == 120


def test_an_owner_of_whom_nothing_waits_is_let_in_whatever_the_size() -> None:
    queue: FairQueue[str] = FairQueue(100)
    queue.put("large", "larger than all", 1_000)
    queue.put("quiet", "quiet-1", 1)

    assert queue.take(2_000) == ["larger than all", "quiet-1"]


def test_room_that_was_released_can_be_taken_again() -> None:
    queue: FairQueue[int] = FairQueue(20)
    queue.put("one", 1, 10)
    queue.put("one", 2, 10)
    with pytest.raises(Overloaded):
        queue.put("one", 3, 10)
    queue.take(10)
    with pytest.raises(Overloaded):
        queue.put("one", 3, 10)
    queue.release("one", 10)

    queue.put("one", 3, 10)
    assert queue.take(100) == [2, 3]


def test_whoever_takes_waits_until_something_comes() -> None:
    queue: FairQueue[str] = FairQueue(100)
    taken: list[str] = []
    taker = threading.Thread(target=lambda: taken.extend(queue.take(10)))
    taker.start()
    queue.put("one", "late", 1)
    taker.join(5)

    assert taken == ["late"]
