"""`tollbook up`: all parts on one machine, each a process of its own, restarted when it fails."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from collector.lifeline import OPTION

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0
_STOP_SECONDS = 25.0
_STEADY_SECONDS = 60.0


@dataclass
class _Part:
    command: Sequence[str]
    restarts: bool = True
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = field(default=0)

    @property
    def name(self) -> str:
        return self.command[0]


class Supervisor:
    """Starts parts (`tollbook` sub-commands) and keeps them running until it is told to stop."""

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        *,
        once: Sequence[Sequence[str]],
        upkeep: Callable[[], None],
    ) -> None:
        """`commands` are kept running, `once` are started once; `upkeep` runs all the while."""
        self._parts = [_Part(command) for command in commands]
        self._parts += [_Part(command, restarts=False) for command in once]
        self._upkeep = upkeep
        self._stopping = threading.Event()

    def run(self) -> None:
        """Block until SIGTERM or SIGINT, then end all parts in reverse order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            for part in self._parts:
                self._start(part)
            while not self._stopping.wait(0.2):
                self._upkeep()
                for part in self._parts:
                    self._look_after(part)
        finally:
            self._end_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _start(self, part: _Part) -> None:
        # A session of their own keeps Ctrl-C to us, who end them in order.
        part.process = subprocess.Popen(
            [sys.argv[0], *part.command, OPTION], stdin=subprocess.PIPE, start_new_session=True
        )
        part.started_at = time.monotonic()

    def _look_after(self, part: _Part) -> None:
        if part.process is None:
            if time.monotonic() - part.started_at >= _pause_seconds(part.failures):
                self._start(part)
            return
        code = part.process.poll()
        if code is None:
            return
        if not part.restarts:
            if code != 0:
                log.error("%s ended with status %d", part.name, code)
            self._parts.remove(part)
            return
        if time.monotonic() - part.started_at > _STEADY_SECONDS:
            part.failures = 0
        part.failures += 1
        part.process = None
        part.started_at = time.monotonic()
        log.error(
            "%s ended with status %d; it is started again in %.0f s",
            part.name,
            code,
            _pause_seconds(part.failures),
        )

    def _end_all(self) -> None:
        for part in reversed(self._parts):
            if part.process is not None:
                part.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for part in reversed(self._parts):
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("%s did not end in time and is killed", part.name)  # noqa: TRY400
                part.process.kill()
                part.process.wait()


def _pause_seconds(failures: int) -> float:
    return min(_LONGEST_PAUSE_SECONDS, 0.5 * 2.0 ** max(0, failures - 1))
