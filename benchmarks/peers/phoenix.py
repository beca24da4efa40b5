"""Arize Phoenix under the same OTLP load, from an environment of its own (PEERS=1).

It keeps more of a span than Tollbook does (prompts, every attribute), so its rate is an anchor and
no contest.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.load.calls import Mix
from benchmarks.load.plans import Stream
from benchmarks.load.senders import Sent, senders
from benchmarks.measuring.process_usage import Watch, watching
from benchmarks.measuring.server import Server
from tests.servers.processes import free_port, wait_for

_REPOSITORY = Path(__file__).parents[2]
_PHOENIX = _REPOSITORY / ".peers" / "phoenix" / "bin" / "phoenix"
_INSTALL = _REPOSITORY / "scripts" / "install-peer-phoenix"
_SENDERS = 4
_REQUESTS_EACH = 4
_SENDING_SECONDS = 60.0
_DURABLE_SECONDS = 120.0
_PHOENIX_TREE, _POSTGRES_TREE = "phoenix", "Postgres"


def measure_phoenix(server: Server) -> str:
    """How fast some thousand spans of 4 senders of 512 become rows in its database, in words."""
    subprocess.run([str(_INSTALL)], check=True)
    with server.fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = _start(url, port, Path(folder))
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/healthz", seconds=120.0)
            mix = Mix(start_unix_seconds=int(time.time()) - 3 * 3600)
            plans = [
                Stream(form="otlp", mix=mix, number=number, most_requests=_REQUESTS_EACH)
                for number in range(_SENDERS)
            ]
            roots = {_PHOENIX_TREE: process.pid, _POSTGRES_TREE: server.postmaster}
            with senders(base, plans, 2) as ready, watching(roots) as seen:
                sent = ready.send(_SENDING_SECONDS)
                durable = _rows_once_all_are_there(url, sent.calls)
            return _in_words(sent, durable, seen)
        finally:
            process.terminate()
            process.wait(60)


def _start(url: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PHOENIX_SQL_DATABASE_URL": url,
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    environment.pop("PYTHONPATH", None)
    with (folder / "phoenix.log").open("wb") as log_file:
        return subprocess.Popen(
            [str(_PHOENIX), "serve"], env=environment, stdout=log_file, stderr=log_file
        )


def _rows_once_all_are_there(url: str, spans: int) -> int:
    """How many spans are rows, when all are or when it takes too long."""
    deadline = time.monotonic() + _DURABLE_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT count(*) FROM spans").fetchone()
            assert row is not None
            if row[0] >= spans or time.monotonic() > deadline:
                return int(row[0])
            time.sleep(0.2)


def _in_words(sent: Sent, durable: int, seen: Watch) -> str:
    begin, end = sent.shift.begin, time.monotonic()
    acknowledged = max(answer.done for answer in sent.acknowledged)
    thousands = max(1, durable) / 1000
    phoenix, postgres = (
        seen.cpu_seconds(name, begin, end) / thousands for name in (_PHOENIX_TREE, _POSTGRES_TREE)
    )
    return (
        f"{durable / (end - begin):,.0f} spans/s durable: {sent.calls:,} spans acknowledged after"
        f" {acknowledged - begin:.1f} s, {durable:,} of them rows after {end - begin:.1f} s;"
        f" CPU s/1k {phoenix:.2f} + {postgres:.2f};"
        f" peak RSS {seen.peak_rss_bytes(_PHOENIX_TREE) / 2**20:,.0f} MiB."
        " It keeps more of a span than Tollbook does."
    )
