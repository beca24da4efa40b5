"""Sender processes: they prepare, wait for each other, send, and tell what was acknowledged."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

from benchmarks.load.azure import TracedApp
from benchmarks.load.connections import Acknowledgement, Driver
from benchmarks.load.plans import Shift, Stream

Plan = Stream | TracedApp

_PREPARING_SECONDS = 120.0
_HEAD_START_SECONDS = 0.2


class Sent(NamedTuple):
    """What all senders of one load saw."""

    shift: Shift
    acknowledged: list[Acknowledgement]
    client_cpu_seconds: float

    @property
    def calls(self) -> int:
        """Different calls in acknowledged requests."""
        return sum(answer.new_calls for answer in self.acknowledged)


class Senders:
    """Processes that are ready to send."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes

    def send(self, seconds: float) -> Sent:
        """Send for so long; returns when the last request is answered."""
        begin = time.monotonic() + _HEAD_START_SECONDS
        shift = Shift(begin, begin + seconds)
        for pipe in self._pipes:
            pipe.send(shift)
        answers: list[Acknowledgement] = []
        cpu_seconds = 0.0
        for pipe in self._pipes:
            own_answers, own_cpu_seconds = pipe.recv()
            answers += own_answers
            cpu_seconds += own_cpu_seconds
        return Sent(shift, answers, cpu_seconds)


@contextmanager
def senders(url: str, plans: Sequence[Plan], processes: int) -> Iterator[Senders]:
    """Start the processes and have all bodies written; plans are dealt out evenly."""
    context = multiprocessing.get_context("spawn")
    started, pipes = [], []
    for number in range(min(processes, len(plans))):
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_sender, args=(theirs, url, plans[number::processes]), daemon=True
        )
        process.start()
        theirs.close()
        started.append(process)
        pipes.append(ours)
    try:
        for pipe in pipes:
            if not pipe.poll(_PREPARING_SECONDS):
                raise RuntimeError(f"a sender was not ready in {_PREPARING_SECONDS:.0f} s")
            pipe.recv()
        yield Senders(pipes)
    finally:
        for process in started:
            process.join(5)
            if process.is_alive():
                process.kill()


def _sender(pipe: Connection, url: str, plans: Sequence[Plan]) -> None:
    prepared = [plan.prepare(url) for plan in plans]
    driver = Driver(url)
    pipe.send("ready")
    shift: Shift = pipe.recv()
    time.sleep(max(0.0, shift.begin - time.monotonic()))
    before = time.process_time()
    acknowledged = driver.run([plan.jobs(shift) for plan in prepared])
    pipe.send((acknowledged, time.process_time() - before))
