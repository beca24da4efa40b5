"""A million calls, each sent three times, shuffled, over four workers and two receivers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.report.files import keep
from benchmarks.report.machine import Surroundings
from tests.loads.assertions import assert_same_as_in_peace
from tests.loads.shuffled import Loaded, ShuffledPlan, load_quietly, load_shuffled
from tests.servers.databases import TestServer


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_calls_three_times_in_disorder_book_as_once_in_order(
    server: TestServer, results: Path, size: float, about: Surroundings
) -> None:
    plan = ShuffledPlan(
        calls=int(1_000_000 * size), senders=8, workers=4, seed=31, most_seconds=1500.0
    )
    begun = time.monotonic()
    with server.fresh_database() as url:
        quiet = load_quietly(url, plan)
    between = time.monotonic()
    with server.fresh_database() as url:
        shuffled = load_shuffled(url, plan)
    seconds = (between - begun, time.monotonic() - between)

    assert_same_as_in_peace(shuffled, quiet, plan.calls)
    figures = {
        "calls": plan.calls,
        "seconds": seconds,
        "digests": {name: [d.rows, str(d.hashes)] for name, d in shuffled.digests.items()},
        "counted": {" ".join(key): n for key, n in sorted(shuffled.books.counted.items())},
    }
    keep(
        results,
        about.measured_at,
        "soak-disorder",
        text=_report(plan, shuffled, about, seconds),
        figures=figures,
    )


def _report(
    plan: ShuffledPlan, shuffled: Loaded, about: Surroundings, seconds: tuple[float, float]
) -> str:
    lines = "  \n".join(about.lines())
    counted = ", ".join(
        f"{receiver} {result} {n:,}"
        for (receiver, result), n in sorted(shuffled.books.counted.items())
    )
    tables = "\n".join(
        f"| {table} | {digest.rows:,} | {digest.hashes} |"
        for table, digest in shuffled.digests.items()
    )
    return f"""\
# {plan.calls:,} calls three times in disorder

{lines}

Every call came as an OTLP span, as JSON and once more as either, in random order from
{plan.senders} senders to {plan.workers} workers ({seconds[1]:.0f} s). The same calls came once, in
order, from one sender to one worker into another ledger ({seconds[0]:.0f} s). Every row of these
tables is the same in both, whichever of the three records was first:

| table | rows | sum of the rows' hashes |
| --- | --: | --: |
{tables}

Counted at the entrances: {counted}.
"""
