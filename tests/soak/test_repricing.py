"""A million calls priced anew while calls come in, the job is killed and a month is closed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.report.files import keep
from benchmarks.report.machine import Surroundings
from tests.loads.repriced import (
    RepricePlan,
    Result,
    assert_repriced_exactly_once,
    reprice_under_kills,
)
from tests.servers.databases import TestServer


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_calls_are_repriced_once_under_kills_and_closed_months_stay(
    server: TestServer, results: Path, size: float, about: Surroundings
) -> None:
    plan = RepricePlan(calls=int(1_000_000 * size), kills=3, most_seconds=1500.0, tenants=24)
    with server.fresh_database() as url:
        result = reprice_under_kills(url, plan)

    assert_repriced_exactly_once(result, plan.calls)
    figures = {
        "calls": plan.calls,
        "kills": result.kills,
        "seconds": result.seconds,
        "repricing": result.repricing,
        "scrapes": result.watched.scrapes,
        "booked_beside": result.watched.booked_beside,
    }
    text = _report(result, about)
    keep(results, about.measured_at, "soak-repricing", text=text, figures=figures)


def _report(result: Result, about: Surroundings) -> str:
    one, watched = result.repricing, result.watched
    lines = "  \n".join(about.lines())
    closed = sum(
        (Decimal(before["total"]["cost_usd"]) for before, _ in result.statements.values()),
        Decimal(0),
    )
    return f"""\
# {one["calls_seen"]:,} calls priced anew under kills

{lines}

A job re-priced the calls of two months; it was killed with SIGKILL {result.kills} times and begun
again, while {watched.booked_beside:,} calls of both months came in and `/metrics` was scraped
{watched.scrapes:,} times. It took {result.seconds:.0f} s from the first page to the last, starts of
the job included.

- {one["calls_changed"]:,} calls changed, each by one pair of entries: {one["before_usd"]} USD
  before, {one["after_usd"]} USD after.
- Sum of the entries = sum of the reported differences = {one["difference_usd"]} USD.
- Calls = rollups = totals less credits: {result.after["calls"].cost_pico_usd / 10**12} USD; the
  statements of both months add up to the same.
- The statements of the closed month, {closed} USD, are what they were before.
- No counter fell. What was spent can be asked for as of the moment before. Re-pricing again
  changes nothing.
"""
