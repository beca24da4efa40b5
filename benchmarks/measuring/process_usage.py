"""CPU time and memory of a process and all its descendants, from /proc."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PARENT, _CPU, _RSS = 1, slice(11, 15), 21


class Usage(NamedTuple):
    """What a tree of processes uses."""

    at: float
    """Monotonic seconds."""
    cpu_seconds: float
    """Since it began, with those of its members that have ended."""
    rss_bytes: int
    """Memory in use, summed; pages that members share count for each of them."""
    processes: int


def usage_of(root: int) -> Usage:
    """What the tree under this process id uses now."""
    stats = dict(_stats())
    children = defaultdict(list)
    for pid, fields in stats.items():
        children[int(fields[_PARENT])].append(pid)
    ticks = pages = processes = 0
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        if pid in stats:
            ticks += sum(map(int, stats[pid][_CPU]))
            pages += int(stats[pid][_RSS])
            processes += 1
    return Usage(time.monotonic(), ticks / _TICKS_A_SECOND, pages * _PAGE_BYTES, processes)


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Of every process the fields of /proc/PID/stat after its name."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            yield int(entry.name), text[text.rindex(")") + 2 :].split()


class Watch:
    """Usages of several trees over time."""

    def __init__(self, roots: dict[str, int], every_seconds: float) -> None:
        self.seen: dict[str, list[Usage]] = {name: [] for name in roots}
        self._roots = roots
        self._every_seconds = every_seconds
        self._stopping = threading.Event()

    def peak_rss_bytes(self, name: str) -> int:
        """The most that a tree used at once."""
        return max(usage.rss_bytes for usage in self.seen[name])

    def cpu_seconds(self, name: str, begin: float, end: float) -> float:
        """CPU time of a tree between two moments, as near as it was looked at, scaled to them."""
        inside = [usage for usage in self.seen[name] if begin <= usage.at <= end]
        if len(inside) < 2 or inside[-1].at == inside[0].at:
            return float("nan")
        used = inside[-1].cpu_seconds - inside[0].cpu_seconds
        return used * (end - begin) / (inside[-1].at - inside[0].at)

    def run(self) -> None:
        """Look until told to stop."""
        while True:
            for name, root in self._roots.items():
                self.seen[name].append(usage_of(root))
            if self._stopping.wait(self._every_seconds):
                return

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()


@contextmanager
def watching(roots: dict[str, int], every_seconds: float = 0.5) -> Iterator[Watch]:
    """Watch trees, given by the process ids of their roots, while the block runs."""
    watch = Watch(roots, every_seconds)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join()
