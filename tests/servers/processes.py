"""Real processes under test: the command `tollbook` on free ports of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

TOLLBOOK = Path(sys.executable).parent / "tollbook"


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, *, seconds: float = 30.0) -> None:
    """Return once the URL answers 200; fail with what it said otherwise."""
    deadline = time.monotonic() + seconds
    fault = "no answer"
    while time.monotonic() < deadline:
        try:
            response = urllib3.request(
                "GET", url, timeout=2.0, retries=False, headers={"Connection": "close"}
            )
            if response.status == 200:
                return
            fault = f"status {response.status}: {response.data[:300]!r}"
        except urllib3.exceptions.HTTPError as error:
            fault = str(error)
        time.sleep(0.1)
    raise AssertionError(f"{url} did not come up in {seconds} s: {fault}")


@contextmanager
def running(
    *command: str, ready_url: str | None = None, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tollbook COMMAND` with TOLLBOOK_* settings; it is ended with SIGTERM."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TOLLBOOK_")
    }
    environment["TOLLBOOK_CATALOG_URL"] = ""
    environment |= {f"TOLLBOOK_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen([str(TOLLBOOK), *command], env=environment)
    try:
        if ready_url is not None:
            wait_for(ready_url)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
