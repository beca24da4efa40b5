"""A long load at one pace, and whether memory, waiting times and queues stay what they are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import NamedTuple

from benchmarks.load.calls import Mix
from benchmarks.load.connections import Acknowledgement
from benchmarks.load.plans import Shift, Stream
from benchmarks.load.senders import Sent, senders
from benchmarks.measuring.books import check_books
from benchmarks.measuring.measurement import COLLECTOR, POSTGRES, measure, percentile_ms
from benchmarks.measuring.process_usage import Usage, watching
from benchmarks.measuring.server import Server
from benchmarks.scenarios import SCENARIOS
from tests.servers.processes import free_port, running

_SENDERS = 4
_CALLS_A_REQUEST = 512
_REACHED_BY = "otlp-4"
_RESTRAINT = 0.8


@dataclass(frozen=True, kw_only=True)
class SteadyPlan:
    """How many calls a second, how long, and how it is cut into windows."""

    calls_per_second: float
    seconds: float
    window_seconds: float


class Window(NamedTuple):
    """What was seen in a part of the run."""

    begins_seconds: float
    calls_per_second: float
    p50_ms: float
    p99_ms: float
    most_waiting: int
    """Requests that were due and not yet acknowledged."""
    rss_mib: float
    """Median of all collector processes together."""
    cpu_share: float
    """Of one core, collector and Postgres."""


class Steady(NamedTuple):
    """A finished run."""

    plan: SteadyPlan
    calls: int
    windows: list[Window]
    sent_again: int


def reached_rate(server: Server, *, seconds: float) -> float:
    """Four fifths of the calls a second that four senders reach who wait for nothing else."""
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == _REACHED_BY)
    with server.fresh_ledger() as url:
        measured = measure(scenario, server, url, seconds=seconds, warm_up=2.0)
    return _RESTRAINT * measured.calls_per_second


def run_steadily(server: Server, plan: SteadyPlan) -> Steady:
    """Send at the plan's pace, whether answers come or not.

    Raises RuntimeError when the books do not hold exactly what was sent.
    """
    bind = f"127.0.0.1:{free_port()}"
    settings = {"home": str(server.home), "collector_bind": bind, "log_level": "WARNING"}
    with server.fresh_ledger() as database_url:
        with running(
            "collect", ready_url=f"http://{bind}/readyz", database_url=database_url, **settings
        ) as collector:
            roots = {COLLECTOR: collector.pid, POSTGRES: server.postmaster}
            with (
                senders(f"http://{bind}", _streams(plan), 2) as ready,
                watching(roots, min(2.0, plan.window_seconds / 5)) as seen,
            ):
                sent = ready.send(plan.seconds)
        check_books(database_url, sent.calls)
    windows = [_window(plan, sent, seen.seen, place) for place in range(_windows(plan))]
    return Steady(plan, sent.calls, windows, sum(a.attempts - 1 for a in sent.acknowledged))


def _streams(plan: SteadyPlan) -> list[Stream]:
    interval_seconds = _SENDERS * _CALLS_A_REQUEST / plan.calls_per_second
    mix = Mix(start_unix_seconds=int(time.time()), spread_seconds=1)
    return [
        Stream(form="otlp", mix=mix, number=number, interval_seconds=interval_seconds, is_live=True)
        for number in range(_SENDERS)
    ]


def _windows(plan: SteadyPlan) -> int:
    return max(1, int(plan.seconds // plan.window_seconds))


def _window(plan: SteadyPlan, sent: Sent, seen: dict[str, list[Usage]], place: int) -> Window:
    begin = sent.shift.begin + place * plan.window_seconds
    inside = Shift(begin, begin + plan.window_seconds)
    answers = [a for a in sent.acknowledged if inside.begin <= a.due < inside.end]
    took = sorted(answer.done - answer.due for answer in answers)
    done = [a.calls for a in sent.acknowledged if inside.begin <= a.done < inside.end]
    memory = [u.rss_bytes for u in seen[COLLECTOR] if inside.begin <= u.at < inside.end]
    return Window(
        begins_seconds=place * plan.window_seconds,
        calls_per_second=sum(done) / plan.window_seconds,
        p50_ms=percentile_ms(took, 0.5),
        p99_ms=percentile_ms(took, 0.99),
        most_waiting=_most_waiting(sent.acknowledged, inside),
        rss_mib=median(memory) / 2**20,
        cpu_share=sum(_cpu_share(usages, inside) for usages in seen.values()),
    )


def _most_waiting(answers: Sequence[Acknowledgement], inside: Shift) -> int:
    """The most requests that were due and unanswered at once; looked at every 100 ms."""
    looks = ceil((inside.end - inside.begin) / 0.1)
    counts = [0] * looks
    for answer in answers:
        if answer.done >= inside.begin and answer.due < inside.end:
            first = max(0, ceil((answer.due - inside.begin) / 0.1))
            last = min(looks - 1, int((answer.done - inside.begin) / 0.1))
            for look in range(first, last + 1):
                counts[look] += 1
    return max(counts)


def _cpu_share(usages: Sequence[Usage], inside: Shift) -> float:
    seen = [usage for usage in usages if inside.begin <= usage.at < inside.end]
    if len(seen) < 2:
        return 0.0
    return (seen[-1].cpu_seconds - seen[0].cpu_seconds) / (seen[-1].at - seen[0].at)
