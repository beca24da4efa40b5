"""Lines of every kind: unfinished, foreign, damaged, endless."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from tests.integration.books import Books
from tests.integration.tail.conftest import Tail
from tests.integration.tail.logs import Log, a_line


def _reasons(books: Books) -> list[str]:
    return [
        f"{row['path']}: {row['reason']}"
        for row in books.rows("SELECT path, reason FROM refused_records ORDER BY position")
    ]


def test_a_line_waits_for_its_end(log: Log, tail: Tail) -> None:
    tailing = tail(log.path)
    line = a_line()
    for length in (1, 40, len(line) - 1):
        log.path.write_bytes(line[:length])
        assert tailing.look() == {}
    log.path.write_bytes(line)
    assert tailing.look() == {"booked": 1}


def test_once_books_a_last_line_that_is_whole_but_for_its_end(log: Log, tail: Tail) -> None:
    log.append_raw(a_line() + a_line().removesuffix(b"\n"))
    once = tail(log.path, once=True)
    once.follower.read_once()
    assert once.handover.tally == {"booked": 2}
    log.append_raw(b"\n" + a_line())
    assert tail(log.path).look() == {"booked": 1}


def test_once_leaves_half_a_line_for_the_next_time(log: Log, tail: Tail) -> None:
    line = a_line()
    log.append_raw(a_line() + line[:90])
    once = tail(log.path, once=True)
    once.follower.read_once()
    assert once.handover.tally == {"booked": 1}
    log.append_raw(line[90:])
    assert tail(log.path).look() == {"booked": 1}


def test_a_rotated_log_gives_its_unfinished_last_line(
    log: Log, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    tailing = tail(log.path)
    log.append_raw(a_line() + a_line().removesuffix(b"\n"))
    tailing.look()
    log.rotate()
    assert tailing.look() == {"booked": 1}
    monkeypatch.setattr("collector.tail.watching._QUIET_SECONDS", -1.0)
    tailing.follower._end_rotated()
    assert tailing.handover.tally == {"booked": 2}


def test_line_ends_of_windows_a_byte_order_mark_and_empty_lines_are_no_trouble(
    log: Log, tail: Tail
) -> None:
    line = a_line().replace(b"\n", b"\r\n")
    log.append_raw(b"\xef\xbb\xbf" + line + b"\r\n\n  \n" + a_line())
    assert tail(log.path).look() == {"booked": 2}


def test_lines_that_are_no_calls_are_ignored_and_counted(
    log: Log, tail: Tail, books: Books
) -> None:
    ordinary = [
        {"message": "started", "tenant": "acme", "status": "ok", "service": "api"},
        {"message": "loading", "tenant": "acme", "model": "gpt-4o-mini"},
        {"message": "disk", "usage": 81},
        {"message": "job", "started_at": "2026-11-02T09:30:00Z", "tenant": "acme"},
        {"message": "null", "started_at": None, "model": None, "usage": None},
        {"message": "host", "usage": {"cpu": 0.5}},
        ["started_at", "usage"],
    ]
    log.append_raw(b"".join(json.dumps(line).encode() + b"\n" for line in ordinary))
    log.append_raw(b'Traceback (most recent call last): "usage"\n\x00\xff\xfe garbage\n')
    assert tail(log.path).look() == {"ignored": 9}
    assert _reasons(books) == []


def test_a_call_in_an_object_of_its_own_is_read(log: Log, tail: Tail, books: Books) -> None:
    call = json.loads(a_line(operation_id="nested"))
    line = {"message": "done", "tenant": "not-this-one", "llm_call": call}
    log.append_raw(json.dumps(line).encode() + b"\n" + b'{"llm_call": "soon"}\n')
    assert tail(log.path).look() == {"booked": 1, "ignored": 1}
    assert books.rows("SELECT tenant, operation_id FROM calls") == [
        {"tenant": "acme", "operation_id": "nested"}
    ]


def test_a_call_that_is_wrong_is_refused_with_its_file_and_byte(
    log: Log, tail: Tail, books: Books
) -> None:
    good = a_line()
    wrong = [
        a_line(started_at="yesterday"),
        a_line(tenant=None),
        a_line(usage={"input_tokens": -1}),
        a_line(started_at="1999-01-01T00:00:00Z"),
        a_line()[:-9] + b"\n",
        a_line(tenant="\ud800").replace(b"\\ud800", b"\xff"),
    ]
    log.append_raw(good + b"".join(wrong) + good)
    assert tail(log.path).look() == {"booked": 2, "rejected": 6}
    reasons = _reasons(books)
    offset = len(good)
    for line, reason in zip(wrong, reasons, strict=True):
        assert reason.endswith(f"({log.path}, byte {offset})")
        offset += len(line)
    assert [reason.partition(":")[0] for reason in reasons] == [
        "started_at", "tenant", "usage.input_tokens", "started_at", "record", "record",
    ]  # fmt: skip
    (kept,) = books.rows("SELECT receiver, tenant, payload FROM refused_records WHERE position = 3")
    assert (kept["receiver"], kept["tenant"]) == ("tail", "acme")


def test_the_default_tenant_is_for_lines_that_name_none(log: Log, tail: Tail, books: Books) -> None:
    log.append_raw(a_line(tenant=None) + a_line(tenant="globex"))
    tail(log.path, default_tenant="acme").look()
    tenants = books.rows("SELECT tenant FROM calls ORDER BY tenant")
    assert tenants == [{"tenant": "acme"}, {"tenant": "globex"}]


def test_a_line_of_ten_megabytes_is_refused_and_those_around_it_booked(
    log: Log, tail: Tail, books: Books
) -> None:
    first, endless = a_line(), b'{"message": "' + b"x" * 10_000_000 + b'"}\n'
    log.append_raw(first + endless + a_line())
    assert tail(log.path).look() == {"booked": 2, "rejected": 1}
    (reason,) = _reasons(books)
    assert f"a line of {len(endless) - 1} bytes" in reason
    assert reason.endswith(f"({log.path}, byte {len(first)})")
    assert tail(log.path).look() == {}


def test_memory_stays_flat_over_a_line_without_end(log: Log, tail: Tail) -> None:
    tailing = tail(log.path)
    log.append_raw(a_line())
    tailing.look()
    tracemalloc.start()
    try:
        for _ in range(4):
            with log.path.open("ab") as file:
                for _ in range(16):
                    file.write(os.urandom(2**20).replace(b"\n", b"-"))
            tailing.look()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * 2**20
    log.append_raw(b"\n" + a_line())
    assert tailing.look() == {"booked": 2, "rejected": 1}


def test_a_hole_of_zeros_is_passed_over(log: Log, tail: Tail) -> None:
    """An app that does not append writes on at its old place after its log was emptied."""
    tailing = tail(log.path)
    log.append_raw(a_line() * 9000)
    tailing.look()
    size = log.path.stat().st_size
    os.truncate(log.path, 0)
    with log.path.open("r+b") as file:
        file.seek(size)
        file.write(a_line() + a_line())
    tailing.look()
    assert tailing.look() == {"booked": 9002}


@pytest.mark.parametrize(
    ("what", "message"),
    [("folder", "is a folder"), ("pipe", "is no regular file"), ("gz", "is compressed")],
)
def test_what_cannot_be_followed_is_named_and_the_rest_is_read(
    log: Log, tail: Tail, tmp_path: Path, what: str, message: str
) -> None:
    odd = log.path.with_name("odd.log")
    if what == "folder":
        odd.mkdir()
    elif what == "pipe":
        os.mkfifo(odd)
    else:
        odd.write_bytes(b"\x1f\x8b\x08\x00compressed")
    log.append_raw(a_line())
    tailing = tail(odd, log.path)
    assert tailing.look() == {"booked": 1}
    (fault,) = tailing.watch.faults()
    assert fault.startswith(f"{odd} {message}")


def test_a_log_that_comes_later_is_waited_for(log: Log, tail: Tail) -> None:
    log.path.unlink()
    tailing = tail(log.path)
    assert tailing.look() == {}
    assert "is not there" in tailing.watch.faults()[0]
    log.append_raw(a_line())
    assert tailing.look() == {"booked": 1}
    assert tailing.watch.faults() == []
