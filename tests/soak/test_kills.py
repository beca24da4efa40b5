"""Two hundred thousand calls while parts are killed all the time and Postgres is away a minute."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.report.files import keep
from benchmarks.report.machine import Surroundings
from tests.loads.assertions import assert_nothing_lost_or_doubled
from tests.loads.chaos import BACKEND, COLLECTOR, POSTMASTER, WORKER
from tests.loads.kill_run import KillPlan, Survived, run_under_kills

_TARGETS = (*[WORKER] * 5, *[POSTMASTER] * 4, *[BACKEND] * 2, COLLECTOR)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_dozen_kills_and_a_minute_without_postgres_lose_and_double_nothing(
    results: Path, size: float, about: Surroundings
) -> None:
    seed = int(os.environ.get("SOAK_SEED", about.measured_at.timestamp()))
    print(f"SOAK_SEED={seed}")  # noqa: T201 - to repeat a failed run
    plan = KillPlan(
        calls=int(200_000 * size),
        senders=8,
        over_seconds=max(30.0, 200 * size),
        targets=_TARGETS,
        away_seconds=60 * size,
        seed=seed,
        settling_seconds=180.0,
    )

    survived = run_under_kills(plan)

    assert_nothing_lost_or_doubled(survived, plan.calls)
    text = _report(plan, survived, about)
    figures = {
        "seed": seed,
        "kills": [kill._asdict() for kill in survived.kills],
        "answers": dict(_answers(survived)),
        "calls": plan.calls,
        "rollup_groups": survived.books.groups,
        "counted": {" ".join(key): n for key, n in sorted(survived.books.counted.items())},
    }
    keep(results, about.measured_at, "soak-kills", text=text, figures=figures)


def _answers(survived: Survived) -> Counter[str]:
    return sum((said.answers for said in survived.told), Counter())


def _report(plan: KillPlan, survived: Survived, about: Surroundings) -> str:
    books = survived.books
    answers = ", ".join(f"{name} {n:,}" for name, n in sorted(_answers(survived).items()))
    kills = Counter(kill.target for kill in survived.kills)
    killed = ", ".join(f"{target} {times}" for target, times in sorted(kills.items()))
    counted = ", ".join(
        f"{receiver} {result} {n:,}" for (receiver, result), n in sorted(books.counted.items())
    )
    lines = "  \n".join(about.lines())
    return f"""\
# {plan.calls:,} calls under kills

{lines}

{plan.senders} senders over {plan.over_seconds:.0f} s, half OTLP and half JSON, which retry with
growing pauses. Killed with SIGKILL at random moments (seed {plan.seed}): {killed}; Postgres was
away for {plan.away_seconds:.0f} s once.

- Answers, all attempts: {answers}.
- Lost: 0. Doubled: 0. Not sent by anybody: 0.
- Calls = rollups = totals = /metrics: {books.ledger.calls:,} calls,
  {books.ledger.cost_pico_usd / 10**12:,.6f} USD, in {books.groups:,} rollup groups.
- Counted at the entrances: {counted}.
"""
