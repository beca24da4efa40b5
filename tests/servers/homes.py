"""A home of `tollbook up` with the embedded Postgres, and what runs on it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.processes import free_port, running


class Home:
    """A fresh home and the addresses that every `tollbook up` on it binds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._collector = f"127.0.0.1:{free_port()}"
        self._dashboards = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self._collector}"
        self._started: list[int] = []

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run `tollbook up` until it is ready and while the block runs."""
        with running(
            "up",
            ready_url=f"{self.url}/readyz",
            home=str(self.folder),
            collector_bind=self._collector,
            dashboards_bind=self._dashboards,
            ingest_workers="1",
        ) as process:
            self._started += [self.postmaster(), *self.parts(process)]
            yield process

    def postmaster(self) -> int:
        """Process id of the embedded Postgres, from its own pid file."""
        return int(self.pid_file.read_text().split(maxsplit=1)[0])

    @property
    def pid_file(self) -> Path:
        """Where the embedded Postgres notes its process id."""
        return self.folder / "postgres" / "data" / "postmaster.pid"

    def parts(self, up: subprocess.Popen[bytes]) -> list[int]:
        """Processes that `tollbook up` started, and theirs, without Postgres."""
        postmaster, found, waiting = self.postmaster(), [], [up.pid]
        while waiting:
            children = [pid for pid in _children_of(waiting.pop()) if pid != postmaster]
            found += children
            waiting += children
        return found

    def end_everything(self) -> None:
        """Kill whatever was started here and still lives."""
        for pid in self._started:
            if lives(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@contextmanager
def fresh_home() -> Iterator[Home]:
    """A new home that others may enter, as Postgres needs; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tollbook-home-"))
    folder.chmod(0o755)
    home = Home(folder)
    try:
        yield home
    finally:
        home.end_everything()
        shutil.rmtree(folder, ignore_errors=True)


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody collected yet does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status[status.rindex(")") + 2] != "Z"


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Return once the condition holds; fail saying what did not happen otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def _children_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line) for line in listed.split()]
