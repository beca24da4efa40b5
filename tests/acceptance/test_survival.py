"""`tollbook up` on the embedded Postgres: whatever is killed, what was booked stays."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.servers.api import Api
from tests.servers.homes import Home, fresh_home, lives, wait_until
from tests.servers.mixture import TENANTS, mixed_records
from tests.servers.processes import wait_for

RECORDS = mixed_records(60, seed=5)


@pytest.fixture
def home() -> Iterator[Home]:
    """A fresh home."""
    with fresh_home() as home:
        yield home


def _booked(api: Api) -> set[str]:
    return {call["id"] for tenant in TENANTS for call in api.calls(tenant)}


def _kill(process: subprocess.Popen[bytes], others: list[int]) -> None:
    for pid in (process.pid, *others):
        os.kill(pid, signal.SIGKILL)
    process.wait(10)


def _assert_all_is_there_and_nothing_twice(home: Home) -> None:
    api = Api(home.url)
    assert _booked(api) == {record["id"] for record in RECORDS}
    assert api.book(RECORDS) == {"booked": 0, "duplicate": len(RECORDS), "rejected": []}
    (spent,) = api.spend()
    assert spent["calls"] == len(RECORDS)
    api.close()


@pytest.mark.parametrize("killed", ["only up", "up and all its parts"])
def test_postgres_outlives_a_killed_up_and_the_next_one_adopts_it(home: Home, killed: str) -> None:
    with home.up() as up:
        api = Api(home.url)
        assert api.book(RECORDS)["booked"] == len(RECORDS)
        api.close()
        postmaster, parts = home.postmaster(), home.parts(up)
        assert len(parts) >= 4
        _kill(up, parts if killed == "up and all its parts" else [])
    wait_until(lambda: not any(map(lives, parts)), "the parts end with their parent")
    assert lives(postmaster)

    with home.up() as up:
        assert home.postmaster() == postmaster
        _assert_all_is_there_and_nothing_twice(home)
        parts = home.parts(up)
        up.send_signal(signal.SIGTERM)
        assert up.wait(30) == 0
    assert not any(map(lives, [*parts, postmaster]))
    assert not home.pid_file.exists()


def test_up_recovers_everything_after_postgres_itself_was_killed(home: Home) -> None:
    with home.up() as up:
        api = Api(home.url)
        assert api.book(RECORDS)["booked"] == len(RECORDS)
        api.close()
        postmaster = home.postmaster()
        _kill(up, home.parts(up))
    os.kill(postmaster, signal.SIGKILL)
    wait_until(lambda: not lives(postmaster), "the killed Postgres ends")

    with home.up():
        assert home.postmaster() != postmaster
        _assert_all_is_there_and_nothing_twice(home)


def test_a_running_up_brings_a_killed_postgres_back(home: Home) -> None:
    with home.up():
        api = Api(home.url)
        assert api.book(RECORDS)["booked"] == len(RECORDS)
        api.close()
        postmaster = home.postmaster()
        os.kill(postmaster, signal.SIGKILL)
        wait_until(lambda: home.pid_file.exists() and home.postmaster() != postmaster, "a new one")
        wait_for(f"{home.url}/v1/tenants")
        _assert_all_is_there_and_nothing_twice(home)
