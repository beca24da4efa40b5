"""Arrivals of the real Azure traces, speeded up, as apps with batching exporters send them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.load.calls import LoadCall, Mix, call_at
from benchmarks.load.plans import Job, Shift
from benchmarks.load.requests import FORMS, http_request

_REPOSITORY = Path(__file__).parents[2]
_MOST_CALLS_A_BATCH = 512


def trace_files() -> list[Path]:
    """The traces where the replay tests find them; none when they are not on this machine."""
    named = os.environ.get("TOLLBOOK_TEST_TRACES", _REPOSITORY / "../shared/data")
    return sorted(Path(named).resolve().glob("azure_llm_trace_*.csv"))


class Arrival(NamedTuple):
    """One row of a trace."""

    at_seconds: float
    input_tokens: int
    output_tokens: int


def read_arrivals(files: list[Path]) -> list[Arrival]:
    """All rows of these traces in order, counted from the first."""
    rows = []
    for path in files:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                moment = datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp()
                rows.append((moment, int(row["ContextTokens"]), int(row["GeneratedTokens"])))
    rows.sort()
    return [Arrival(moment - rows[0][0], *tokens) for moment, *tokens in rows]


@dataclass(frozen=True, kw_only=True)
class TracedApp:
    """One app that lives through the first part of the trace `speed` times as fast.

    All apps meet the same bursts, each a little later than the one before. An app's exporter sends
    what has come every `flush_seconds`, or at once when 512 calls wait.
    """

    form: str
    mix: Mix
    number: int
    seconds: float
    """How long it sends; the whole trace is about an hour."""
    speed: float = 300.0
    flush_seconds: float = 0.1
    later_seconds: float = 0.02

    def prepare(self, url: str) -> PreparedApp:
        """Write all bodies."""
        later = self.number * self.later_seconds
        timed = [
            (later + arrival.at_seconds / self.speed, arrival)
            for arrival in read_arrivals(trace_files())
            if arrival.at_seconds < self.seconds * self.speed
        ]
        jobs = []
        for due, batch in self._batches(timed):
            calls = [self._call(number, arrival) for number, (_, arrival) in batch]
            request = http_request(url, FORMS[self.form], calls)
            jobs.append(Job(due, batch[0][1][0], request, len(calls), len(calls)))
        return PreparedApp(jobs)

    def _call(self, number: int, arrival: Arrival) -> LoadCall:
        call = call_at(self.mix, (self.number << 24) + number)
        # OpenTelemetry's counts are inclusive: what was read from a cache is part of the input.
        return call._replace(
            input_tokens=arrival.input_tokens,
            output_tokens=arrival.output_tokens,
            cache_read_tokens=0,
        )

    def _batches(
        self, timed: list[tuple[float, Arrival]]
    ) -> Iterator[tuple[float, list[tuple[int, tuple[float, Arrival]]]]]:
        batch: list[tuple[int, tuple[float, Arrival]]] = []
        flush_at = self.flush_seconds
        for number, (at_seconds, arrival) in enumerate(timed):
            if batch and at_seconds > flush_at:
                yield flush_at, batch
                batch = []
            while at_seconds > flush_at:
                flush_at += self.flush_seconds
            batch.append((number, (at_seconds, arrival)))
            if len(batch) == _MOST_CALLS_A_BATCH:
                yield at_seconds, batch
                batch = []
        if batch:
            yield flush_at, batch


class PreparedApp:
    """An app with its bodies written; times count from the beginning of the shift."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs

    def jobs(self, shift: Shift) -> Iterator[Job]:
        """All of them: they end by themselves."""
        for job in self._jobs:
            yield job._replace(due=shift.begin + job.due, oldest=shift.begin + job.oldest)
