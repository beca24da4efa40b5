"""Ten minutes at four fifths of the reached rate: memory, waiting times and queues stay flat."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import mean, median

import pytest

from benchmarks.measuring.server import postgres
from benchmarks.report.files import keep
from benchmarks.report.machine import Surroundings, surroundings
from benchmarks.report.panels import Panel, panels_drawing
from benchmarks.report.table import aligned
from tests.loads.steady import Steady, SteadyPlan, Window, reached_rate, run_steadily

_MOST_GROWTH = 1.10
_MOST_P99_GROWTH = 2.0
_P99_GRAIN_MS = 20.0
_QUEUE_GRAIN = 4


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_memory_waiting_times_and_queues_stay_flat_at_four_fifths_of_the_rate(
    results: Path, size: float
) -> None:
    with postgres() as server:
        about = surroundings(server.version)
        said = os.environ.get("SOAK_RATE")
        rate = float(said) if said else reached_rate(server, seconds=max(5.0, 20 * size))
        plan = SteadyPlan(
            calls_per_second=rate, seconds=600 * size, window_seconds=max(1.0, 30 * size)
        )
        steady = run_steadily(server, plan)

    # Kept before it is judged: a run that fails is worth looking at.
    _keep(results, about, steady)
    _assert_flat(steady.windows)


def _assert_flat(windows: list[Window]) -> None:
    """The last third against the first, without the very first window, which warms up.

    Memory is held against the middle third: by then the filters of keys have their full size.
    """
    third = max(1, (len(windows) - 1) // 3)
    first, middle, last = windows[1 : 1 + third], windows[-2 * third : -third], windows[-third:]
    before, after = (median(w.rss_mib for w in part) for part in (middle, last))
    assert after <= _MOST_GROWTH * before, f"memory grew from {before:.0f} to {after:.0f} MiB"
    before, after = (median(w.p99_ms for w in part) for part in (first, last))
    assert after <= _MOST_P99_GROWTH * before + _P99_GRAIN_MS, f"p99 grew: {before} to {after} ms"
    before, after = (mean(w.most_waiting for w in part) for part in (first, last))
    assert after <= 2 * before + _QUEUE_GRAIN, f"requests pile up: {before} to {after}"


def _keep(results: Path, about: Surroundings, steady: Steady) -> None:
    minutes, rate = steady.plan.seconds / 60, steady.plan.calls_per_second
    title = f"{minutes:.1f} minutes at {rate:,.0f} OTLP spans/s"
    names = {
        "calls_per_second": "spans/s acknowledged",
        "rss_mib": "memory of all collector processes, MiB",
        "p99_ms": "p99 from due to acknowledged, ms",
        "most_waiting": "most requests due and not acknowledged",
    }
    panels = [
        Panel(name, [(w.begins_seconds, float(getattr(w, field))) for w in steady.windows])
        for field, name in names.items()
    ]
    rows = [("from", "spans/s", "p50 ms", "p99 ms", "waiting", "RSS MiB", "CPU, cores")]
    rows += [
        (
            f"{w.begins_seconds:.0f} s",
            f"{w.calls_per_second:,.0f}",
            f"{w.p50_ms:.0f}",
            f"{w.p99_ms:.0f}",
            str(w.most_waiting),
            f"{w.rss_mib:.0f}",
            f"{w.cpu_share:.2f}",
        )
        for w in steady.windows
    ]
    above = "  \n".join(about.lines())
    text = (
        f"# {title}\n\n{above}\n\nFour senders of 512 keep the pace whether they are answered or"
        f" not. {steady.calls:,} calls were sent and booked, {steady.sent_again} requests were sent"
        f" again.\n\n{aligned(rows)}\n"
    )
    figures = {
        "plan": vars(steady.plan),
        "calls": steady.calls,
        "windows": [w._asdict() for w in steady.windows],
    }
    drawing = panels_drawing(title, f"{about.measured_at:%Y-%m-%d}, {about.machine}", panels)
    keep(results, about.measured_at, "soak-steady", text=text, figures=figures, drawing=drawing)
