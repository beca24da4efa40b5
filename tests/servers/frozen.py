"""A Postgres that hangs without dying: all its processes are stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg


@contextmanager
def frozen(database_url: str) -> Iterator[None]:
    """Stop every process of the server while the block runs. Its sockets stay open."""
    postmaster = _postmaster(database_url)
    # First the one that starts others, then those that are there.
    os.kill(postmaster, signal.SIGSTOP)
    stopped = [postmaster]
    try:
        for pid in _children_of(postmaster):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _postmaster(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        return _parent_of(connection.info.backend_pid)


def _parent_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text()
    return int(status[status.rindex(")") + 2 :].split()[1])


def _children_of(pid: int) -> list[int]:
    children = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if _parent_of(int(entry.name)) == pid:
                    children.append(int(entry.name))
    return children
