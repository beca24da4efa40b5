"""A log is booked once, whatever rotation does with its files."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.books import Books
from tests.integration.tail.conftest import Tail
from tests.integration.tail.logs import Log, a_line, assert_each_once, operations


def test_lines_are_booked_as_they_come(log: Log, tail: Tail, books: Books) -> None:
    tailing = tail(log.path)
    for number in range(3):
        log.append(*(a_line() for _ in range(number + 1)))
        tailing.look()
    assert_each_once(books, log)
    assert books.ingest_counts()["tail", "booked"] == 6


def test_a_restart_goes_on_where_it_stopped(log: Log, tail: Tail, books: Books) -> None:
    log.append(a_line(), a_line())
    tail(log.path).look()
    log.append(a_line())
    assert tail(log.path).look() == {"booked": 1}
    assert tail(log.path).look() == {}
    assert_each_once(books, log)


def test_two_equal_lines_are_two_calls(log: Log, tail: Tail, books: Books) -> None:
    line = a_line()
    log.append(line, line)
    assert tail(log.path).look() == {"booked": 2}
    log.rotate()
    log.append(line)
    assert tail(log.path).look() == {"booked": 1}


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("named", ["app.log", "app.log*"])
@pytest.mark.parametrize("way", ["rotate", "copytruncate"])
def test_rotation_neither_loses_nor_doubles(
    log: Log, tail: Tail, books: Books, way: str, named: str, restarted: bool
) -> None:
    pattern = log.path.parent / named
    tailing = tail(pattern)
    for _ in range(4):
        log.append(*(a_line() for _ in range(20)))
        tailing.look()
        log.append(*(a_line() for _ in range(5)))
        getattr(log, way)()
        log.append(a_line())
        if restarted:
            tailing.close()
            tailing = tail(pattern)
        tailing.look()
        tailing.look()
    assert_each_once(books, log)


def test_two_rotations_while_nobody_looked_are_read(log: Log, tail: Tail, books: Books) -> None:
    log.append(*(a_line() for _ in range(3)))
    tail(log.path).look()
    for _ in range(2):
        log.append(a_line())
        log.rotate()
    log.append(a_line())
    tail(log.path).look()
    assert_each_once(books, log)


def test_what_was_rotated_before_the_first_start_is_not_read(
    log: Log, tail: Tail, books: Books
) -> None:
    log.append(a_line())
    log.rotate()
    old = log.written.copy()
    log.append(a_line())
    tail(log.path).look()
    tail(log.path).look()
    assert set(operations(books)) == set(log.written) - set(old)


def test_a_log_emptied_in_place_is_read_from_its_start(log: Log, tail: Tail, books: Books) -> None:
    tailing = tail(log.path)
    log.append(*(a_line() for _ in range(5)))
    tailing.look()
    os.truncate(log.path, 0)
    log.append(a_line())
    tailing.look()
    assert_each_once(books, log)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_log_emptied_and_grown_past_its_place_is_read_from_its_start(
    log: Log, tail: Tail, books: Books, restarted: bool
) -> None:
    tailing = tail(log.path)
    log.append(*(a_line() for _ in range(5)))
    tailing.look()
    os.truncate(log.path, 0)
    log.append(*(a_line() for _ in range(50)))
    if restarted:
        tailing.close()
        tailing = tail(log.path)
    tailing.look()
    assert_each_once(books, log)


def test_a_log_cut_short_books_nothing_twice(log: Log, tail: Tail, books: Books) -> None:
    """As after a crash of the machine, which may lose the last blocks of a file."""
    tailing = tail(log.path)
    log.append(*(a_line() for _ in range(20)))
    tailing.look()
    lines = log.path.read_bytes().splitlines(keepends=True)
    os.truncate(log.path, sum(map(len, lines[:15])))
    log.append(a_line())
    tailing.look()
    assert operations(books) == Counter(log.written)


def test_a_new_file_on_the_inode_of_an_old_one_is_a_new_file(
    log: Log, tail: Tail, books: Books
) -> None:
    log.append(*(a_line() for _ in range(5)))
    tail(log.path).look()
    inode = log.path.stat().st_ino
    content = b"".join(a_line(operation_id=f"new-{n}") for n in range(9))
    with log.path.open("r+b") as file:  # the inode cannot be chosen, so the content is exchanged
        file.write(content)
    log.written += [f"new-{n}" for n in range(9)]
    assert log.path.stat().st_ino == inode
    tail(log.path).look()
    assert_each_once(books, log)


def test_a_deleted_log_is_read_to_its_end(log: Log, tail: Tail, books: Books) -> None:
    tailing = tail(log.path)
    log.append(a_line())
    tailing.look()
    log.append(a_line())
    log.path.unlink()
    tailing.look()
    log.append(a_line())
    tailing.look()
    assert_each_once(books, log)


def test_a_symlink_that_moves_on_is_followed(log: Log, tail: Tail, books: Books) -> None:
    link = log.path.with_name("current.log")
    link.symlink_to(log.path)
    tailing = tail(link)
    log.append(a_line())
    tailing.look()
    log.append(a_line())
    other = Log(log.path.with_name("other.log"))
    other.append(a_line())
    link.unlink()
    link.symlink_to(other.path)
    tailing.look()
    assert_each_once(books, log, other)


def test_a_file_under_two_names_is_read_once(log: Log, tail: Tail, books: Books) -> None:
    log.path.with_name("link.log").symlink_to(log.path)
    log.path.with_name("hard.log").hardlink_to(log.path)
    log.append(a_line())
    tail(log.path.parent / "*.log", log.path).look()
    tail(log.path.parent / "*.log", log.path).look()
    assert_each_once(books, log)


def test_a_glob_takes_in_files_that_come_later(log: Log, tail: Tail, books: Books) -> None:
    tailing = tail(log.path.parent / "*.log")
    log.append(a_line())
    tailing.look()
    other = Log(log.path.with_name("later.log"))
    other.append(a_line())
    tailing.look()
    assert_each_once(books, log, other)


def test_from_the_end_only_what_comes_is_read(log: Log, tail: Tail, books: Books) -> None:
    log.append(*(a_line() for _ in range(3)))
    log.written.clear()
    tailing = tail(log.path, from_end=True)
    tailing.look()
    tailing.close()
    log.append(a_line())
    log.rotate()
    log.append(a_line())
    tail(log.path, from_end=True).look()
    assert_each_once(books, log)


def test_names_of_files_may_hold_any_bytes(log: Log, tail: Tail, books: Books) -> None:
    odd = Log(Path(os.fsdecode(os.fsencode(log.path.parent) + b"/app-\xff\n.log")))
    odd.append(a_line())
    tail(log.path.parent / "*.log").look()
    tail(log.path.parent / "*.log").look()
    assert_each_once(books, odd)


def test_a_rotated_log_that_one_look_missed_is_read_by_the_next(
    log: Log, tail: Tail, books: Books
) -> None:
    tailing = tail(log.path)
    log.append(a_line())
    tailing.look()
    tailing.close()
    log.append(a_line())
    log.rotate()
    log.append(a_line())
    log.rotate()
    log.rotated(1).rename(log.path.with_name("hidden"))
    log.append(a_line())
    tailing = tail(log.path)
    tailing.look()
    log.path.with_name("hidden").rename(log.rotated(1))
    tailing.look()
    assert_each_once(books, log)
