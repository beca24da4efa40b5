"""Processes of one collector see what waits in all of them."""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.connection import Connection

import pytest

from collector.health.board import Board, Gauges

_FORK = multiprocessing.get_context("fork")


def _work(board: Board, calls: int, size: int, done: Connection) -> None:
    gauges = board.claim()
    gauges.add_calls(calls)
    gauges.add_bytes(size)
    done.send("ready")
    done.recv()
    os._exit(0)


def _worker(board: Board, calls: int, size: int) -> tuple[Connection, multiprocessing.Process]:
    ours, theirs = _FORK.Pipe()
    process = _FORK.Process(target=_work, args=(board, calls, size, theirs))
    process.start()
    assert ours.recv() == "ready"
    return ours, process  # type: ignore[return-value]  # of the same interface


def test_what_waits_is_summed_over_the_processes_that_live() -> None:
    board = Board()
    first, second = _worker(board, 3, 100), _worker(board, 40, 2000)
    own = board.claim()
    own.add_calls(500)

    assert board.queues()[:2] == (543, 2100)

    first[1].kill()
    first[1].join()
    assert board.queues()[:2] == (540, 2000)
    # One that takes the place of a process that was killed begins with nothing.
    third = _worker(board, 7, 0)
    assert board.queues()[:2] == (547, 2000)
    for connection, process in (second, third):
        connection.send("end")
        process.join()
    assert board.queues()[:2] == (500, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A clock in seconds that goes on only when it is told to."""
    now = [1000]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0] * 10**9)
    return now


def test_calls_that_wait_without_a_commit_are_stuck_for_as_long(clock: list[int]) -> None:
    board = Board()
    gauges = board.claim()
    assert board.queues().stuck_seconds == 0
    clock[0] += 500
    assert board.queues().stuck_seconds == 0, "nobody waits"

    gauges.add_calls(5)
    clock[0] += 60
    gauges.add_calls(5)
    clock[0] += 70
    assert board.queues().stuck_seconds == 130, "more calls are no progress"
    gauges.committed()
    clock[0] += 5
    assert board.queues().stuck_seconds == 5
    gauges.add_calls(-10)
    assert board.queues().stuck_seconds == 0


def test_gauges_without_a_board_count_for_themselves() -> None:
    board, alone = Board(), Gauges()
    alone.add_calls(3)
    alone.add_bytes(3)
    alone.committed()
    assert board.queues()[:2] == (0, 0)
