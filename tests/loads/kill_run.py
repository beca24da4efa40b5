"""A load under kills, and the books afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

import psycopg

from benchmarks.load.calls import Mix, call_at
from ledger.storage.embedded.server import EmbeddedPostgres
from tests.loads.books import Books, read_books
from tests.loads.chaos import Chaos, Kill, end_everything_of, planned_kills
from tests.loads.retrying import Errand, Told, sending
from tests.servers.processes import free_port, running, wait_for

_START_UNIX_SECONDS = 1_793_600_000


@dataclass(frozen=True, kw_only=True)
class KillPlan:
    """How many calls, over how long, and what is killed meanwhile."""

    calls: int
    senders: int
    over_seconds: float
    targets: Sequence[str]
    away_seconds: float
    """Postgres is away for so long once."""
    seed: int
    settling_seconds: float
    """How long the rest may take after the last body was due: retries, the spool, /metrics."""
    calls_a_request: int = 25
    """Small bodies: hardly a moment without one on its way, so that kills meet some."""


class Survived(NamedTuple):
    """What came of it."""

    kills: list[Kill]
    told: list[Told]
    sent_ids: set[str]
    booked_ids: list[str]
    books: Books


def run_under_kills(plan: KillPlan) -> Survived:
    """Send all calls while things are killed, wait until all is settled, read the books."""
    random = Random(plan.seed)
    kills = planned_kills(
        plan.targets,
        random=random,
        within_seconds=plan.over_seconds,
        away_seconds=plan.away_seconds,
    )
    mix = Mix(start_unix_seconds=_START_UNIX_SECONDS, seed=plan.seed)
    with _own_postgres() as (postgres, url, home):
        bind = f"127.0.0.1:{free_port()}"
        with running(
            "up",
            ready_url=f"http://{bind}/readyz",
            database_url=url,
            home=str(home),
            collector_bind=bind,
            dashboards_bind=f"127.0.0.1:{free_port()}",
            ingest_workers="2",
        ) as up:
            pid_file = home / "postgres" / "data" / "postmaster.pid"
            chaos = Chaos(up.pid, postgres, pid_file, random)
            with sending(_errands(plan, mix, f"http://{bind}")) as senders:
                chaos.run(kills)
                told = senders.get(plan.over_seconds + plan.settling_seconds + 30)
            # Of the ledger: a collector with a spool is ready without it.
            wait_for(f"http://{bind}/v1/tenants", seconds=60.0)
            _wait_until_settled(url, f"http://{bind}", plan)
            books = read_books(url, f"http://{bind}")
        booked_ids = _booked_ids(url)
    sent_ids = {call_at(mix, number).call_id for number in range(plan.calls)}
    return Survived(kills, told, sent_ids, booked_ids, books)


def _errands(plan: KillPlan, mix: Mix, url: str) -> list[Errand]:
    """Half of the senders send OTLP, the others JSON."""
    return [
        Errand(
            url=url,
            form=("otlp", "ndjson")[sender % 2],
            mix=mix,
            numbers=range(sender, plan.calls, plan.senders),
            calls_a_request=plan.calls_a_request,
            over_seconds=plan.over_seconds,
            give_up_seconds=plan.over_seconds + plan.settling_seconds,
        )
        for sender in range(plan.senders)
    ]


@contextmanager
def _own_postgres() -> Iterator[tuple[EmbeddedPostgres, str, Path]]:
    """A Postgres that nobody but the test brings back: it can be kept away."""
    home = Path(tempfile.mkdtemp(prefix="tollbook-kills-"))
    home.chmod(0o755)
    try:
        postgres = EmbeddedPostgres(home)
        with postgres.in_use() as url:
            yield postgres, url, home
    finally:
        end_everything_of(home)
        shutil.rmtree(home, ignore_errors=True)


def _wait_until_settled(database_url: str, url: str, plan: KillPlan) -> None:
    """What was acknowledged from the spool is booked a little later, and counted after that."""

    def settled() -> bool:
        books = read_books(database_url, url)
        return books.spool_bytes == 0 and books.ledger.calls >= plan.calls == books.metrics.calls

    deadline = time.monotonic() + plan.settling_seconds
    while time.monotonic() < deadline and not settled():
        time.sleep(1)


def _booked_ids(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [str(row[0]) for row in connection.execute("SELECT id FROM calls").fetchall()]
