"""The board on which processes see how many connections the others have."""

from __future__ import annotations

import os
import subprocess
import sys

from collector.accepting import ConnectionBoard


def test_alone_there_is_nobody_to_let_go_first() -> None:
    board = ConnectionBoard()
    board.note(1, 7)
    assert board.fewest_elsewhere(1) is None


def test_the_emptiest_other_process_is_seen() -> None:
    board = ConnectionBoard()
    ended = []
    for slot, connections in ((2, 9), (3, 4)):
        child = os.fork()
        if child == 0:
            board.note(slot, connections)
            os.read(0, 0)
            os.kill(os.getpid(), 19)  # stopped, and so alive, until it is waited for
            os._exit(0)
        os.waitpid(child, os.WUNTRACED)
        ended.append(child)
    try:
        assert board.fewest_elsewhere(1) == 4
        assert board.fewest_elsewhere(3) == 9
    finally:
        for child in ended:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert board.fewest_elsewhere(1) is None


def test_a_process_that_ended_counts_no_more() -> None:
    board = ConnectionBoard()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    child = os.fork()
    if child == 0:
        board.note(5, 0)
        os._exit(0)
    os.waitpid(child, 0)
    assert board.fewest_elsewhere(1) is None
