"""Copies of a log are known by their content, and what is none is not taken for one."""

from __future__ import annotations

import os
import shutil
from collections import Counter

import pytest

from tests.integration.books import Books
from tests.integration.tail.conftest import Tail
from tests.integration.tail.logs import Log, a_line, assert_each_once, operations


def test_a_manual_copy_beside_the_log_is_not_read_again(log: Log, tail: Tail, books: Books) -> None:
    log.append(*(a_line() for _ in range(9)))
    pattern = log.path.parent / "app.log*"
    tailing = tail(pattern)
    tailing.look()
    log.append(a_line())
    tailing.watch.look_around()
    shutil.copy(log.path, log.path.with_name("app.log.bak"))
    tailing.watch.look_around()
    tailing.look()
    log.append(a_line())
    tailing.look()
    tail(pattern).look()
    assert_each_once(books, log)


def test_a_log_replaced_by_its_own_copy_goes_on(
    log: Log, tail: Tail, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.tail.watching._QUIET_SECONDS", 0.0)
    tailing = tail(log.path)
    log.append(*(a_line() for _ in range(9)))
    tailing.look()
    shutil.copy(log.path, log.path.with_name("edited"))
    log.path.with_name("edited").rename(log.path)
    tailing.look()
    log.append(a_line())
    for _ in range(2):
        tailing.follower.look()
        tailing.follower._end_rotated()
    assert_each_once(books, log)


def test_logs_that_begin_alike_are_not_taken_for_copies(log: Log, tail: Tail, books: Books) -> None:
    """Some write the same long text first, and what tells lines apart comes at their ends."""
    long = "x" * 1500
    pattern = log.path.parent / "app.log*"
    tailing = tail(pattern)
    log.append(*(a_line(message=long) for _ in range(3)))
    tailing.look()
    os.truncate(log.path, 0)
    log.append(a_line(message=long))
    log.copytruncate()
    tailing.look()
    tailing.look()
    log.append(a_line(message=long))
    tail(pattern).look()
    assert operations(books) == Counter(log.written)


def test_a_copy_that_is_being_made_is_not_read(log: Log, tail: Tail, books: Books) -> None:
    tailing = tail(log.path.parent / "app.log*")
    log.append(*(a_line() for _ in range(400)))
    tailing.look()
    whole = log.path.read_bytes()
    for share in (0.1, 0.5, 0.9, 1):
        log.rotated(1).write_bytes(whole[: int(len(whole) * share)])
        tailing.look()
    os.truncate(log.path, 0)
    log.append(a_line())
    tailing.look()
    tailing.look()
    assert_each_once(books, log)
