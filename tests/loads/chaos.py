"""Kills, with SIGKILL, what runs under load: workers, their parent, Postgres and its parts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

from ledger.storage.embedded.server import EmbeddedPostgres
from tests.servers.homes import lives, wait_until

WORKER, COLLECTOR, BACKEND, POSTMASTER = "worker", "collector", "backend", "postmaster"
_FOUND_SECONDS = 60.0
_CLIENT = b"127.0.0.1("
"""In the title of a Postgres process that serves a connection."""


class Kill(NamedTuple):
    """One kill: what, how long after the one before, and how long Postgres then stays away."""

    target: str
    after_seconds: float
    away_seconds: float = 0.0


def planned_kills(
    targets: Sequence[str], *, random: Random, within_seconds: float, away_seconds: float
) -> list[Kill]:
    """The targets in random order and at random times; one kill of Postgres leaves it away."""
    order = list(targets)
    random.shuffle(order)
    shares = [random.uniform(0.5, 1.5) for _ in range(len(order) + 1)]
    scale = max(0.0, within_seconds - away_seconds) / sum(shares)
    longest = random.choice([place for place, target in enumerate(order) if target == POSTMASTER])
    return [
        Kill(target, share * scale, away_seconds if place == longest else random.uniform(0, 1))
        for place, (target, share) in enumerate(zip(order, shares, strict=False))
    ]


class Chaos:
    """Kills under a `tollbook up` whose Postgres is the test's own."""

    def __init__(self, up: int, postgres: EmbeddedPostgres, pid_file: Path, random: Random) -> None:
        self._up = up
        self._postgres = postgres
        self._pid_file = pid_file
        self._random = random

    def run(self, kills: Sequence[Kill]) -> None:
        """Kill one after another; what was killed is there again before the next."""
        for kill in kills:
            time.sleep(kill.after_seconds)
            pid = self._find(kill.target)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            if kill.target == POSTMASTER:
                wait_until(lambda pid=pid: not lives(pid), "the killed Postgres ends")  # type: ignore[misc]
                time.sleep(kill.away_seconds)
                self._postgres.keep_running()

    def _find(self, target: str) -> int:
        """A process of this kind, as soon as there is one."""
        deadline = time.monotonic() + _FOUND_SECONDS
        while not (found := self._processes(target)):
            assert time.monotonic() < deadline, f"there is no {target} to kill"
            time.sleep(0.05)
        return self._random.choice(found)

    def _processes(self, target: str) -> list[int]:
        if target == POSTMASTER:
            return [self._postmaster()]
        if target == BACKEND:
            serving = _children_of(self._postmaster())
            return [pid for pid in serving if _CLIENT in _command_line(pid)]
        collectors = [
            pid for pid in _children_of(self._up) if b"collect" in _command_line(pid).split(b"\0")
        ]
        if target == COLLECTOR:
            return collectors
        return [worker for pid in collectors for worker in _children_of(pid)]

    def _postmaster(self) -> int:
        return int(self._pid_file.read_text().split(maxsplit=1)[0])


def end_everything_of(home: Path) -> None:
    """Kill the processes of Tollbook under this home: a failed run must not leave orphans."""
    setting = f"TOLLBOOK_HOME={home}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if setting in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                status = (entry / "stat").read_text()
                fields = status[status.rindex(")") + 2 :].split()
                if int(fields[1]) == pid and fields[0] != "Z":
                    children.append(int(entry.name))
    return children


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
