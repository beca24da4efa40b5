"""`make bench`: OTLP calls a second, durable and acknowledged, beside COPY, in one run."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks.copy_reference import copy_rows_per_second
from benchmarks.http_load import send_all
from benchmarks.otlp_bodies import SPANS_A_BODY, otlp_body
from ledger.storage.embedded import EmbeddedPostgres
from ledger.storage.schema import migrate
from tests.servers.processes import free_port, running

_BODIES = 240
_WARM_UP_BODIES = 16
_SENDERS = 4
_SPREAD_SECONDS = 3 * 3600


def main() -> None:
    """Measure and print; the figures mean something only beside each other."""
    home = Path(tempfile.mkdtemp(prefix="tollbook-bench-"))
    home.chmod(0o755)
    try:
        with EmbeddedPostgres(home).in_use() as url:
            migrate(url)
            _print_context(url)
            _measure(url)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _print_context(url: str) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    print(f"Tollbook {version('tollbook')}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" PostgreSQL {row[0]}"
    )
    print(
        f"{_SENDERS} senders, {_BODIES} bodies of {SPANS_A_BODY} spans; senders, collector and"
        " Postgres share the cores\n"
    )


def _measure(url: str) -> None:
    print("making the request bodies ...", flush=True)
    start = time.time_ns() - _SPREAD_SECONDS * 10**9
    bodies = [otlp_body(seed, start, _SPREAD_SECONDS) for seed in range(_BODIES + _WARM_UP_BODIES)]
    bind = f"127.0.0.1:{free_port()}"
    with running(
        "collect", ready_url=f"http://{bind}/readyz", database_url=url, collector_bind=bind
    ):
        collector, otlp = f"http://{bind}", ("/v1/traces", "application/x-protobuf")
        send_all(collector, *otlp, bodies[:_WARM_UP_BODIES], _SENDERS)
        load = send_all(collector, *otlp, bodies[_WARM_UP_BODIES:], _SENDERS)
        again = send_all(collector, *otlp, bodies[_WARM_UP_BODIES:], _SENDERS)
    spans = _BODIES * SPANS_A_BODY
    _check_booked(url, (_BODIES + _WARM_UP_BODIES) * SPANS_A_BODY)
    copy_rate, rows = copy_rows_per_second(url)
    rate, again_rate = spans / load.seconds, spans / again.seconds
    print(f"{'':42}{'calls/s':>10}{'of COPY':>10}{'p50':>9}{'p99':>9}")
    for name, value, measured in (
        ("OTLP to durable and acknowledged", rate, load),
        ("the same again, all duplicates", again_rate, again),
    ):
        print(
            f"{name:42}{value:>10,.0f}{value / copy_rate:>10.1%}"
            f"{measured.percentile_ms(0.5):>6.0f} ms{measured.percentile_ms(0.99):>6.0f} ms"
        )
    print(f"{'COPY into the same keyed partitions':42}{copy_rate:>10,.0f}{1:>10.0%}")
    print(f"\n{rows:,} calls booked once; COPY is the median of 3 rounds of the same rows.")


def _check_booked(url: str, expected: int) -> None:
    """A rate of calls that were lost or doubled would mean nothing."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM calls), (SELECT sum(calls) FROM totals)"
        ).fetchone()
    if row is None or int(row[0]) != expected or int(row[1]) != expected:
        raise RuntimeError(f"sent {expected} calls, but calls and totals hold {row}")


if __name__ == "__main__":
    main()
