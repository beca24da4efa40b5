"""`tollbook tail` as a process of its own: killed, stopped, run by cron, fed by a pipe."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.integration.books import Books
from tests.integration.tail.logs import Log, a_line
from tests.servers.databases import TestServer
from tests.servers.homes import wait_until
from tests.servers.processes import TOLLBOOK

DOCS = Path(__file__).parents[2] / "docs"


class Tail:
    """Starts `tollbook tail` on one database."""

    def __init__(self, database_url: str) -> None:
        kept = {name: v for name, v in os.environ.items() if not name.startswith("TOLLBOOK_")}
        self.environment = {**kept, "TOLLBOOK_DATABASE_URL": database_url}

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        command = [str(TOLLBOOK), "tail", *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )

    def run(self, *arguments: str | Path, fed: bytes | None = None) -> tuple[int, str, str]:
        """Its exit code, what it said and what it complained of."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        said, complained = process.communicate(fed, timeout=60)
        return process.returncode, said.decode(), complained.decode()


@pytest.fixture
def tail(database_url: str) -> Tail:
    return Tail(database_url)


@pytest.fixture
def books(database_url: str) -> Books:
    return Books(database_url)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log(tmp_path / "app.log")
    log.append(a_line())
    return log


def _stop(process: subprocess.Popen[bytes]) -> str:
    process.send_signal(signal.SIGTERM)
    _, complained = process.communicate(timeout=30)
    assert process.returncode == 0, complained
    return complained.decode()


def _operations(books: Books) -> Counter[str]:
    return Counter(row["operation_id"] for row in books.rows("SELECT operation_id FROM calls"))


def _calls(books: Books) -> int:
    return int(books.rows("SELECT count(*) AS n FROM calls")[0]["n"])


def _write_and_rotate(log: Log, until: threading.Event) -> None:
    random = Random(7)
    while not until.is_set():
        log.append(*(a_line() for _ in range(random.randrange(1, 200))))
        if random.random() < 0.1 and not log.rotated(9).exists():
            random.choice([log.rotate, log.copytruncate])()
        until.wait(0.02)


def test_killed_at_any_moment_it_books_each_call_once(log: Log, tail: Tail, books: Books) -> None:
    process = tail.start(log.path)
    wait_until(lambda: _calls(books) == 1, "the first call is booked", seconds=30)
    enough = threading.Event()
    writer = threading.Thread(target=_write_and_rotate, args=(log, enough))
    writer.start()
    random = Random(11)
    try:
        for _ in range(6):
            booked = _calls(books)
            wait_until(lambda b=booked: _calls(books) > b, "it goes on", seconds=30)  # type: ignore[misc]
            time.sleep(random.uniform(0, 0.7))
            process.kill()
            process.communicate()
            process = tail.start(log.path)
    finally:
        enough.set()
        writer.join()
    wait_until(lambda: _calls(books) == len(log.written), "all are booked", seconds=30)
    _stop(process)
    assert _operations(books) == Counter(log.written)
    assert ("tail", "duplicate") not in books.ingest_counts()
    assert books.counted("rollups") == books.counted("calls")
    assert books.counted("totals") == books.counted("calls")


def test_it_waits_while_postgres_is_away_and_says_so_once(
    server: TestServer, database_url: str, log: Log, tail: Tail, books: Books
) -> None:
    process = tail.start(log.path)
    wait_until(lambda: _calls(books) == 1, "the first call is booked", seconds=30)
    _let_in(server, database_url, False)
    for _ in range(5):
        log.append(a_line())
        time.sleep(0.8)
    _let_in(server, database_url, True)
    wait_until(lambda: _calls(books) == 6, "all are booked", seconds=30)
    complained = _stop(process)
    assert complained.count("waiting for the ledger") == 1
    assert complained.count("the ledger is back") == 1
    assert _operations(books) == Counter(log.written)


def _let_in(server: TestServer, database_url: str, let_in: bool) -> None:
    name = database_url.rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(name), sql.SQL(str(let_in))))
        if not let_in:
            (ended,) = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
                (name,),
            ).fetchone() or (0,)
            assert ended > 0


def test_once_reads_to_the_end_and_the_next_time_what_came_since(
    log: Log, tail: Tail, books: Books
) -> None:
    log.append_raw(b"an ordinary line\n")
    assert tail.run("--once", log.path)[:2] == (
        0,
        "1 call booked, 0 were there already, 0 refused; 1 other line.\n",
    )
    log.append(a_line())
    log.rotate()
    log.append(a_line())
    assert tail.run("--once", log.path)[1].startswith("2 calls booked, 0 were there already")
    assert _operations(books) == Counter(log.written)


def test_once_fails_when_a_log_cannot_be_read_and_reads_the_others(log: Log, tail: Tail) -> None:
    packed = log.path.with_name("old.log.gz")
    packed.write_bytes(b"\x1f\x8b\x08\x00")
    missing = log.path.with_name("missing.log")
    code, said, complained = tail.run("--once", packed, missing, log.path)
    assert code == 1
    assert said.startswith("1 call booked")
    assert f"tollbook: {packed} is compressed; read it once with `zcat {packed}" in complained
    assert f"tollbook: {missing} is not there" in complained


def test_a_pipe_is_read_to_its_end(tail: Tail, books: Books) -> None:
    line = a_line()
    fed = line + line + b"\xef\xbb\xbf no call\n" + b"x" * 3_000_000 + b"\n" + a_line()[:-1]
    code, said, complained = tail.run("-", "--tenant", "acme", fed=fed)
    assert (code, said) == (0, "3 calls booked, 0 were there already, 1 refused; 1 other line.\n")
    assert complained == ""
    assert tail.run("-", fed=fed)[1].startswith("0 calls booked, 3 were there already")


def test_an_open_pipe_is_booked_as_it_comes(tail: Tail, books: Books) -> None:
    process = tail.start("-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(a_line() + a_line()[:50])
    process.stdin.flush()
    wait_until(lambda: _calls(books) == 1, "the whole line is booked", seconds=30)
    _stop(process)


def test_the_configuration_in_the_docs_writes_lines_that_are_understood(
    tmp_path: Path, tail: Tail, books: Books
) -> None:
    page = (DOCS / "logging.md").read_text()
    configuration, example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:2]
    script = (configuration + example).replace("/var/log/my-app/", f"{tmp_path}/")
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    (line,) = (tmp_path / "llm.log").read_text().splitlines()
    assert json.loads(line)["message"]
    assert tail.run("--once", tmp_path / "llm.log")[1].startswith("1 call booked")
    (call,) = books.rows("SELECT * FROM calls")
    assert call["tenant"] == "acme"
    assert call["cost_status"] == "priced"
    assert call["input_tokens"] == 1200
    assert call["duration_seconds"] > 0
