"""One scenario on a collector and a database of its own, and what was measured."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from math import nan
from statistics import median
from typing import Any

from benchmarks.load.connections import Acknowledgement
from benchmarks.load.plans import Shift
from benchmarks.load.senders import Sent, senders
from benchmarks.measuring.books import check_books
from benchmarks.measuring.process_usage import Watch, watching
from benchmarks.measuring.server import Server
from benchmarks.scenarios import Scenario
from tests.servers.processes import free_port, running

ROUNDS = 3
COLLECTOR, POSTGRES = "collector", "Postgres"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The figures of one scenario, all of calls that are durable and acknowledged."""

    scenario: str
    what: str
    goal: str
    calls_per_second: float
    """Median of the rounds."""
    calls_per_second_by_round: list[float]
    p50_ms: float
    """From when a request was due until it was acknowledged."""
    p99_ms: float
    lag_p99_ms: float
    """From when the oldest call of a request came into being until it was acknowledged."""
    lag_max_ms: float
    collector_cpu_seconds_per_1k: float
    postgres_cpu_seconds_per_1k: float
    collector_peak_rss_mib: float
    collector_processes: int
    client_cpu_share: float
    """Of one core."""
    requests: int
    sent_again: int
    """Requests that were answered with busy, or not at all, and sent again."""
    spooled_requests: int
    booked_calls: int
    rollup_groups: int

    def as_json(self) -> dict[str, Any]:
        """Every figure by its name; one that could not be measured is null."""
        return {name: None if value != value else value for name, value in asdict(self).items()}


def measure(
    scenario: Scenario, server: Server, database_url: str, *, seconds: float, warm_up: float
) -> Measured:
    """Send a scenario's load for so long after the warm-up.

    Raises RuntimeError when the books do not hold exactly what was sent.
    """
    bind = f"127.0.0.1:{free_port()}"
    plans = scenario.plans(int(time.time()), warm_up + seconds)
    settings = {
        "database_url": database_url,
        "home": str(server.home),
        "collector_bind": bind,
        "log_level": "WARNING",
    }
    with running("collect", ready_url=f"http://{bind}/readyz", **settings) as collector:
        roots = {COLLECTOR: collector.pid, POSTGRES: server.postmaster}
        with senders(f"http://{bind}", plans, scenario.processes) as ready, watching(roots) as seen:
            sent = ready.send(warm_up + seconds)
    groups = check_books(database_url, sent.calls)
    return _figures(scenario, sent, seen, warm_up, groups)


def _figures(scenario: Scenario, sent: Sent, seen: Watch, warm_up: float, groups: int) -> Measured:
    window = Shift(sent.shift.begin + warm_up, sent.shift.end)
    answers = [a for a in sent.acknowledged if window.begin <= a.done < window.end]
    rates = _rates(answers, window)
    thousands = sum(answer.calls for answer in answers) / 1000 or nan
    took = sorted(answer.done - answer.due for answer in answers)
    lag = sorted(answer.done - answer.oldest for answer in answers)
    return Measured(
        scenario=scenario.name,
        what=scenario.what,
        goal=scenario.goal,
        calls_per_second=median(rates),
        calls_per_second_by_round=rates,
        p50_ms=percentile_ms(took, 0.5),
        p99_ms=percentile_ms(took, 0.99),
        lag_p99_ms=percentile_ms(lag, 0.99),
        lag_max_ms=percentile_ms(lag, 1),
        collector_cpu_seconds_per_1k=seen.cpu_seconds(COLLECTOR, *window) / thousands,
        postgres_cpu_seconds_per_1k=seen.cpu_seconds(POSTGRES, *window) / thousands,
        collector_peak_rss_mib=seen.peak_rss_bytes(COLLECTOR) / 2**20,
        collector_processes=max(usage.processes for usage in seen.seen[COLLECTOR]),
        client_cpu_share=sent.client_cpu_seconds / (sent.shift.end - sent.shift.begin),
        requests=len(answers),
        sent_again=sum(answer.attempts - 1 for answer in sent.acknowledged),
        spooled_requests=sum(answer.spooled for answer in sent.acknowledged),
        booked_calls=sent.calls,
        rollup_groups=groups,
    )


def _rates(answers: list[Acknowledgement], window: Shift) -> list[float]:
    """Calls a second of each round."""
    length = (window.end - window.begin) / ROUNDS
    calls = [0] * ROUNDS
    for answer in answers:
        calls[min(ROUNDS - 1, int((answer.done - window.begin) / length))] += answer.calls
    return [count / length for count in calls]


def percentile_ms(ordered_seconds: list[float], share: float) -> float:
    """Of sorted seconds, in milliseconds; NaN of none."""
    if not ordered_seconds:
        return nan
    return 1000 * ordered_seconds[min(len(ordered_seconds) - 1, int(share * len(ordered_seconds)))]
