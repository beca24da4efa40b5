"""The board on which processes see how many connections the others have."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from collector.health.board import Board


@contextmanager
def _another_process(board: Board, connections: int) -> Iterator[None]:
    """A forked process that has noted its connections and goes on living."""
    child = os.fork()
    if child == 0:
        board.claim().note_connections(connections)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.waitpid(child, os.WUNTRACED)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_alone_there_is_nobody_to_let_go_first() -> None:
    board = Board()
    board.claim().note_connections(7)
    assert board.fewest_connections_elsewhere() is None


def test_the_emptiest_other_process_is_seen_while_it_lives() -> None:
    board = Board()
    board.claim().note_connections(2)
    with _another_process(board, 9):
        with _another_process(board, 4):
            assert board.fewest_connections_elsewhere() == 4
        assert board.fewest_connections_elsewhere() == 9
    assert board.fewest_connections_elsewhere() is None
