"""Collectors that a test starts itself, because it ends or restarts them or shares one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.servers.processes import free_port, running


class Collector(NamedTuple):
    """A running collector: its address and its parent process."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it and its workers at once, as a crash of the machine would."""
        # The workers are children of the parent and share no group that could be signalled.
        children = _children_of(self.process.pid)
        for pid in (self.process.pid, *children):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def collecting(
    database_url: str, *, port: int | None = None, **settings: str
) -> Iterator[Collector]:
    """A real collector of two processes on a database, ready."""
    bind = f"127.0.0.1:{port or free_port()}"
    every_setting = {
        "database_url": database_url,
        "collector_bind": bind,
        "ingest_workers": "2",
        **settings,
    }
    with running("collect", ready_url=f"http://{bind}/readyz", **every_setting) as process:
        yield Collector(f"http://{bind}", process)


def _children_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True
    ).stdout
    return [int(line) for line in listed.split()]
