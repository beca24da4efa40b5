"""Postgres is stopped, not killed: senders are answered all the same and everything counts once."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from tests.loads.books import read_books
from tests.servers.collectors import collecting
from tests.servers.frozen import frozen
from tests.servers.homes import wait_until
from tests.servers.mixture import mixed_records

SENDERS = 4
A_REQUEST = 5
RECORDS = mixed_records(20_000, seed=17)
HANGS_SECONDS = 16.0
FOUND_OUT_SECONDS = 12.0


class _Answer(NamedTuple):
    status: int
    asked_at: float
    seconds: float


class _Senders:
    """Threads that send one small request after another, each record once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(sender,)) for sender in range(SENDERS)
        ]
        self.answers: list[_Answer] = []
        for thread in self._threads:
            thread.start()

    def _send(self, sender: int) -> None:
        for place in range(sender * A_REQUEST, len(RECORDS), SENDERS * A_REQUEST):
            if self._stopping.is_set():
                return
            self.answers.append(_ask("POST", self._url, RECORDS[place : place + A_REQUEST]))
            time.sleep(0.05)

    def stop(self) -> None:
        """Let the last requests be answered."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)


def _ask(method: str, url: str, records: list[dict[str, Any]] | None = None) -> _Answer:
    asked_at = time.monotonic()
    body = None if records is None else json.dumps(records).encode()
    headers = {"Content-Type": "application/json"}
    response = urllib3.request(method, url, body=body, headers=headers, timeout=30.0, retries=False)
    return _Answer(response.status, asked_at, time.monotonic() - asked_at)


def test_calls_are_acknowledged_while_postgres_hangs_and_counted_once(
    database_url: str, tmp_path: Path
) -> None:
    with collecting(database_url, home=str(tmp_path)) as collector:
        senders = _Senders(f"{collector.url}/v1/calls")
        time.sleep(2)
        with frozen(database_url):
            hangs_at = time.monotonic()
            ready = [_ask("GET", f"{collector.url}/readyz") for _ in range(2)]
            time.sleep(HANGS_SECONDS - (time.monotonic() - hangs_at))
            ends_at = time.monotonic()
        wait_until(lambda: senders.answers[-1].status == 200, "calls are booked again")
        senders.stop()
        wait_until(
            lambda: read_books(database_url, collector.url).spool_bytes == 0,
            "the spool is booked",
            seconds=30,
        )
        books = read_books(database_url, collector.url)

    # Calls go to the spool, which has room.
    assert [answer.status for answer in ready] == [200, 200]
    assert max(answer.seconds for answer in ready) < 4
    answers = senders.answers
    assert {answer.status for answer in answers} == {200, 202}
    during = [answer for answer in answers if hangs_at < answer.asked_at < ends_at - 0.5]
    assert max(answer.seconds for answer in answers) < FOUND_OUT_SECONDS
    late = [one.seconds for one in during if one.asked_at > hangs_at + FOUND_OUT_SECONDS]
    assert len(late) > SENDERS * 10
    assert max(late) < 1
    assert {one.status for one in during} == {202}

    sent = len(answers) * A_REQUEST
    assert books.ledger.calls == sent
    assert len(set(books.everywhere.values())) == 1
    assert books.counted["calls", "booked"] == sent
