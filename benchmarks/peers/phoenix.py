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
_SECONDS = 20.0
_PHOENIX_TREE = "phoenix"


def measure_phoenix(server: Server) -> str:
    """Spans a second that are rows in its database while 4 senders of 512 load it, in words."""
    subprocess.run([str(_INSTALL)], check=True)
    with server.fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        process = _start(url, port, Path(folder))
        try:
            base = f"http://127.0.0.1:{port}"
            wait_for(f"{base}/healthz", seconds=120.0)
            mix = Mix(start_unix_seconds=int(time.time()) - 3 * 3600)
            plans = [Stream(form="otlp", mix=mix, number=n) for n in range(_SENDERS)]
            with (
                senders(base, plans, 2) as ready,
                watching({_PHOENIX_TREE: process.pid}) as seen,
            ):
                sent = ready.send(_SECONDS)
            return _in_words(url, sent, seen)
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


def _in_words(url: str, sent: Sent, seen: Watch) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM spans").fetchone()
    assert row is not None
    durable, seconds = int(row[0]), time.monotonic() - sent.shift.begin
    begin, end = sent.shift
    cpu_seconds = seen.cpu_seconds(_PHOENIX_TREE, begin, end)
    return (
        f"{durable / seconds:,.0f} spans/s durable ({sent.calls:,} acknowledged,"
        f" {durable:,} of them rows after {seconds:.0f} s),"
        f" {1000 * cpu_seconds / max(1, durable):.2f} CPU s for 1,000 without Postgres,"
        f" peak RSS {seen.peak_rss_bytes(_PHOENIX_TREE) / 2**20:,.0f} MiB;"
        " it keeps more of a span than Tollbook does"
    )
