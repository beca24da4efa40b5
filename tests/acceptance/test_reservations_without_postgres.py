"""Postgres hangs or goes: who fails closed is refused at once, who fails open is admitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.servers.collectors import Collector, collecting
from tests.servers.frozen import frozen
from tests.servers.homes import wait_until
from tests.servers.processes import free_port
from tests.servers.tills import Till, Told

_AT_ONCE_SECONDS = 1.0
_OPEN = {"tenant": "lenient"}
_CLOSED = {"tenant": "strict"}


@pytest.fixture
def port() -> int:
    """Where the collectors of a test listen, one after the other."""
    return free_port()


@pytest.fixture
def collector(database_url: str, tmp_path: Path, port: int) -> Iterator[Collector]:
    """A collector of two processes with a spool of the test's own."""
    with collecting(database_url, port=port, home=str(tmp_path)) as collector:
        yield collector


@pytest.fixture
def till(collector: Collector) -> Iterator[Till]:
    """A client, and a budget of each kind that both processes know of."""
    till = Till(collector.url)
    till.budget(name="open", scope=_OPEN, fail="open")
    till.budget(name="closed", scope=_CLOSED, fail="closed")
    time.sleep(3.0)
    yield till
    till.close()


def _is_recorded(till: Till, name: str) -> bool:
    return till.show(name).status == 200


def _timed(ask: Callable[[], Told]) -> tuple[Told, float]:
    began = time.monotonic()
    return ask(), time.monotonic() - began


def test_while_postgres_hangs_each_budget_fails_as_it_was_told_to(
    till: Till, database_url: str
) -> None:
    held = till.reserve("1", **_CLOSED).body["reservation_id"]
    with frozen(database_url):
        refused = [_timed(lambda: till.reserve("1", **_CLOSED)) for _ in range(6)]
        admitted = [_timed(lambda: till.reserve("1", **_OPEN)) for _ in range(4)]
        unsettled = till.settle(held, "1")
    wait_until(lambda: till.reserve("1", **_CLOSED).status == 200, "Postgres decides again")

    assert [told.status for told, _ in refused] == [503] * 6
    assert max(seconds for _, seconds in refused) < _AT_ONCE_SECONDS
    assert "budget 'closed' fails closed" in refused[0][0].body["detail"]
    assert [told.body["unverified"] for told, _ in admitted] == [True] * 4
    assert max(seconds for _, seconds in admitted) < _AT_ONCE_SECONDS
    assert unsettled.status == 503
    assert till.settle(held, "1").status == 200
    for told, _ in admitted:
        name = told.body["reservation_id"]
        wait_until(partial(_is_recorded, till, name), "an admission is recorded")
        assert till.show(name).body["unverified"] is True
        assert till.show(name).body["state"] == "held"
    assert till.reserve("7", **_OPEN).body["remaining_usd"] == "6"


def test_what_a_killed_collector_admitted_is_recorded_by_the_next_one(
    till: Till, collector: Collector, database_url: str, tmp_path: Path, port: int
) -> None:
    with frozen(database_url):
        admitted = [till.reserve("1", **_OPEN).body for _ in range(4)]
        collector.kill()
    assert [one["unverified"] for one in admitted] == [True] * 4

    with collecting(database_url, port=port, home=str(tmp_path)):
        for one in admitted:
            name = one["reservation_id"]
            wait_until(partial(_is_recorded, till, name), "an admission is recorded")
        assert till.reserve("7", **_OPEN).body["remaining_usd"] == "6"
        assert till.settle(admitted[0]["reservation_id"], "0.5").body["state"] == "settled"


def test_a_hold_whose_holder_was_killed_comes_back_when_its_time_is_up(
    till: Till, collector: Collector, database_url: str, tmp_path: Path, port: int
) -> None:
    held = till.reserve("10", ttl_seconds=3, **_CLOSED).body
    assert held["allowed"] is True
    assert till.reserve("1", **_CLOSED).body["retry_at"] == held["expires_at"]
    collector.kill()

    # Without the process that runs jobs: admission itself sees whose time is up.
    with collecting(database_url, port=port, home=str(tmp_path)):
        wait_until(
            lambda: till.reserve("10", **_CLOSED).body["allowed"], "the hold comes back", seconds=8
        )
        wait_until(
            lambda: till.show(held["reservation_id"]).body["state"] == "expired", "it is swept"
        )
