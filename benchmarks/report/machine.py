"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

_PACKAGES = ("psycopg", "msgspec", "protobuf", "flask", "gunicorn")


class Surroundings(NamedTuple):
    """Machine, versions and date."""

    measured_at: datetime
    machine: str
    versions: str

    def lines(self) -> list[str]:
        """As they stand above every table."""
        return [f"{self.measured_at:%Y-%m-%d %H:%M} UTC", self.machine, self.versions]


def surroundings(postgres_version: str) -> Surroundings:
    """Of this run."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return Surroundings(
        measured_at=datetime.now(UTC),
        machine=f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB,"
        f" {platform.system()} {platform.release()}",
        versions=f"Tollbook {version('tollbook')}, Python {platform.python_version()},"
        f" PostgreSQL {postgres_version}, {packages}",
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    named = [line for line in text.splitlines() if line.startswith("model name")]
    return named[0].partition(":")[2].strip() if named else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
