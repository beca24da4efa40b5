"""What the embedded Postgres is started with."""

from __future__ import annotations

import os
from pathlib import Path

_LEAST_BUFFERS_MIB, _MOST_BUFFERS_MIB = 128, 1024
_SHARE_OF_MEMORY = 8
"""Postgres' own advice is a quarter of a machine that does nothing else; this one shares it."""
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def server_options() -> dict[str, str]:
    """Settings for a ledger: written all the time, read now and then."""
    return {
        "shared_buffers": f"{buffers_mib(_memory_bytes())}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "max_connections": "200",
        "max_locks_per_transaction": "256",
        "work_mem": "32MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def buffers_mib(memory_bytes: int) -> int:
    """Shared buffers for a machine of so much memory.

    The keys of a day's calls are written to all over: once they outgrow the buffers, a booking
    costs half as much again (docs/measuring.md).
    """
    share = memory_bytes // _SHARE_OF_MEMORY // 2**20
    return min(max(share, _LEAST_BUFFERS_MIB), _MOST_BUFFERS_MIB)


def _memory_bytes() -> int:
    """The machine's memory, or what this container may have of it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CONTAINER_LIMIT.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine
