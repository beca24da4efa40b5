"""Months of calls priced anew in real processes, while calls come in and the job is killed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psycopg
import urllib3

from benchmarks.load.calls import Mix
from benchmarks.measuring.books import Sums, sums_everywhere
from benchmarks.repricing import book
from ledger.domain.revisions.months import month_of, month_text
from ledger.storage.database import Database
from tests.factories.calls import a_record
from tests.servers.api import Api
from tests.servers.collectors import collecting
from tests.servers.exposition import samples
from tests.servers.processes import running

_NOW = datetime.now(UTC)
_MIDNIGHT = _NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
THIS_MONTH = month_text(month_of(_NOW, "UTC"))
CLOSED_MONTH = month_text(month_of(_MIDNIGHT - timedelta(days=1), "UTC"))
_START = _MIDNIGHT - timedelta(days=20)
_PICO = 10**12


@dataclass(frozen=True, kw_only=True)
class RepricePlan:
    """How many calls, how often the job is killed, how long it may take."""

    calls: int
    kills: int
    most_seconds: float
    tenants: int = 6


@dataclass
class Watched:
    """What was seen from outside while it ran."""

    scrapes: int = 0
    fallen: list[str] = field(default_factory=list)
    booked_beside: int = 0


class Result(NamedTuple):
    """What came of it."""

    repricing: dict[str, Any]
    again: dict[str, Any]
    """A dry run afterwards."""
    seconds: float
    """Of the re-pricing, from its first page to its last, kills included."""
    kills: int
    watched: Watched
    before: dict[str, Sums]
    after: dict[str, Sums]
    differences_usd: Decimal
    """Sum over the reported rows."""
    entries_usd: Decimal
    """Sum over the corrections."""
    pairs: int
    spent_before_usd: Decimal
    spent_as_of_usd: Decimal
    statements: dict[str, tuple[dict[str, Any], dict[str, Any]]]
    """Of the closed month by tenant, before and after."""
    all_statements_usd: Decimal


def reprice_under_kills(url: str, plan: RepricePlan) -> Result:
    """Book the calls, close a month, set prices, have everything priced anew."""
    database = Database(url)
    mix = Mix(
        start_unix_seconds=int(_START.timestamp()),
        spread_seconds=int((_NOW - _START).total_seconds()) - 60,
        tenants=plan.tenants,
    )
    book(database, mix, plan.calls)
    database.close()
    with collecting(url, ingest_workers="1") as collector:
        ask = _Questions(collector.url)
        tenants = [f"tenant-{number:03d}" for number in range(plan.tenants)]
        closed = {tenant: ask.closed(tenant) for tenant in tenants}
        before, spent, moment = _sums(url), ask.spent(tenants[0]), datetime.now(UTC).isoformat()
        ask.set_price(provider="openai", factor="1.25")
        ask.set_price(provider="anthropic", factor="0.5")
        with _watching(collector.url) as watched:
            number = ask.reprice()
            kills, seconds = _work_through(url, ask, number, plan)
        with running("work", database_url=url):
            again = ask.wait(ask.reprice(dry_run=True), plan.most_seconds)
        return Result(
            repricing=ask.repricing(number),
            again=again,
            seconds=seconds,
            kills=kills,
            watched=watched,
            before=before,
            after=_sums(url),
            differences_usd=ask.differences(number),
            **_entries(url, number),
            spent_before_usd=spent,
            spent_as_of_usd=ask.spent(tenants[0], as_of=moment),
            statements={
                tenant: (closed[tenant], ask.statement(tenant, CLOSED_MONTH)) for tenant in tenants
            },
            all_statements_usd=sum(
                (
                    Decimal(ask.statement(tenant, month)["total"]["cost_usd"])
                    for tenant in tenants
                    for month in (CLOSED_MONTH, THIS_MONTH)
                ),
                Decimal(0),
            ),
        )


def _work_through(url: str, ask: _Questions, number: int, plan: RepricePlan) -> tuple[int, float]:
    """Let the job work, killed whenever it has done another part."""
    begun = None
    for kill in range(plan.kills + 1):
        part = plan.calls * (kill + 1) // (plan.kills + 1)
        with running("work", database_url=url) as work:
            deadline = time.monotonic() + plan.most_seconds
            while True:
                one = ask.repricing(number)
                if one["calls_seen"] and begun is None:
                    begun = time.monotonic()
                if one["state"] != "running" or (kill < plan.kills and one["calls_seen"] >= part):
                    break
                assert time.monotonic() < deadline, one
                time.sleep(0.05)
            os.kill(work.pid, signal.SIGKILL)
            work.wait()
        if one["state"] != "running":
            break
    assert begun is not None
    return kill, time.monotonic() - begun


@contextmanager
def _watching(url: str) -> Iterator[Watched]:
    """Scrape and send calls of both months all the time."""
    watched, done = Watched(), threading.Event()

    def watch() -> None:
        api, before = Api(url), dict[Any, Decimal]()
        while not done.wait(0.02):
            starts = (_MIDNIGHT - timedelta(days=1), _NOW - timedelta(minutes=1))
            records = [
                a_record(tenant="tenant-000", model="gpt-4o", started_at=start.isoformat())
                for start in starts
            ]
            watched.booked_beside += api.book(records)["booked"]
            now = {
                (sample.name, *sorted(sample.labels.items())): sample.value
                for sample in samples(api.metrics())
                if sample.name.endswith("_total")
            }
            watched.fallen += [str(key) for key, value in before.items() if now[key] < value]
            watched.scrapes += 1
            before = now
        api.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield watched
    finally:
        done.set()
        thread.join(60)


def _sums(url: str) -> dict[str, Sums]:
    with psycopg.connect(url) as connection:
        return sums_everywhere(connection)


def _entries(url: str, number: int) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(sign * coalesce(cost_pico_usd, 0)), 0),"
            " count(*) FILTER (WHERE sign = 1), count(*) FROM corrections WHERE repricing_id = %s",
            (number,),
        ).fetchone()
    assert row is not None
    assert row[2] == 2 * row[1]
    return {"entries_usd": Decimal(row[0]) / _PICO, "pairs": row[1]}


class _Questions:
    """What people ask a collector about re-pricings and months."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=60.0)

    def closed(self, tenant: str) -> dict[str, Any]:
        """The statement of the month before this one, once it is closed."""
        self._post(f"/v1/months/{CLOSED_MONTH}/close", {"tenant": tenant})
        return self.statement(tenant, CLOSED_MONTH)

    def statement(self, tenant: str, month: str) -> dict[str, Any]:
        return self._get(f"/v1/months/{month}/statement", tenant=tenant)

    def set_price(self, **body: str) -> None:
        valid_from = "2020-01-01T00:00:00Z"
        self._post("/v1/prices", {"tenant": "*", "model": "*", "valid_from": valid_from, **body})

    def reprice(self, **body: Any) -> int:
        period = {"from": _START.isoformat(), "to": (_NOW + timedelta(days=1)).isoformat()}
        wanted = {**period, "reason": "new contracts", "adjust_closed": True, **body}
        return int(self._post("/v1/repricings", wanted)["repricing_id"])

    def repricing(self, number: int) -> dict[str, Any]:
        return self._get(f"/v1/repricings/{number}")

    def wait(self, number: int, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while (one := self.repricing(number))["state"] == "running":
            assert time.monotonic() < deadline, one
            time.sleep(0.2)
        return one

    def differences(self, number: int) -> Decimal:
        found = Decimal(0)
        cursor: dict[str, str] = {}
        while True:
            answer = self._get(f"/v1/repricings/{number}/differences", limit="1000", **cursor)
            found += sum(Decimal(row["difference_usd"]) for row in answer["rows"])
            if answer["next"] is None:
                return found
            cursor = {"cursor": answer["next"]}

    def spent(self, tenant: str, **question: str) -> Decimal:
        period = {"from": _START.isoformat(), "to": (_START + timedelta(days=20)).isoformat()}
        (row,) = self._get("/v1/spend", tenant=tenant, **period, **question)["rows"]
        return Decimal(row["cost_usd"])

    def _get(self, path: str, **question: str) -> dict[str, Any]:
        return self._answer(self._pool.request("GET", f"{self._url}{path}?{urlencode(question)}"))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._answer(
            self._pool.request("POST", f"{self._url}{path}", body=json.dumps(body).encode())
        )

    def _answer(self, response: Any) -> dict[str, Any]:
        assert response.status in (200, 201, 202), response.data[:500]
        return dict(json.loads(response.data))


def assert_repriced_exactly_once(result: Result, calls: int) -> None:
    """Whatever was killed and booked meanwhile, every place says the same and nothing fell."""
    one = result.repricing
    assert one["state"] == "done"
    assert one["calls_seen"] >= calls
    assert one["calls_changed"] == result.pairs > 0
    assert result.again["calls_changed"] == 0
    assert len(set(result.after.values())) == 1, result.after
    assert Decimal(one["difference_usd"]) == result.differences_usd == result.entries_usd
    assert result.spent_as_of_usd == result.spent_before_usd
    assert all(before == after for before, after in result.statements.values())
    assert result.all_statements_usd == Decimal(result.after["rollups"].cost_pico_usd) / _PICO
    assert result.watched.fallen == []
    assert result.watched.scrapes > 3
    assert result.after["calls"].calls == calls + result.watched.booked_beside
