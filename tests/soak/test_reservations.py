"""Ten thousand reservations by three processes of 64 threads each, under a hard limit of $100."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.report.files import keep
from benchmarks.report.machine import Surroundings
from collector.jobs.budgets import check_budgets
from collector.jobs.reservations import check_holds
from collector.jobs.upkeep import check_books
from ledger.storage.database import Database
from tests.loads.reserving import (
    LIMIT_USD,
    Outcome,
    Plan,
    accounts,
    run_at_random,
    set_overlapping_budgets,
)
from tests.loads.till_books import off_by
from tests.servers.collectors import collecting
from tests.servers.exposition import samples
from tests.servers.homes import wait_until
from tests.servers.processes import running
from tests.servers.tills import Till

_TRIED_USD = Decimal(400)
"""That all of them ask for together: most of it finds no room."""


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_ten_thousand_reservations_never_pass_the_limit(
    database_url: str, tmp_path: Path, results: Path, size: float, about: Surroundings
) -> None:
    seed = int(os.environ.get("SOAK_SEED", about.measured_at.timestamp()))
    print(f"SOAK_SEED={seed}")  # noqa: T201 - to repeat a failed run
    plan = Plan(
        reservations=int(10_000 * size),
        processes=3,
        threads=64,
        seed=seed,
        usual_usd=_TRIED_USD / int(10_000 * size),
    )
    with (
        collecting(database_url, home=str(tmp_path), ingest_workers="3") as collector,
        running("work", database_url=database_url, home=str(tmp_path)),
    ):
        set_overlapping_budgets(collector.url)
        outcome = run_at_random(plan, collector.url, database_url)
        wait_until(
            lambda: all(account.held == 0 for account in accounts(database_url)),
            "expired holds come back by the job",
            seconds=30,
        )
        _check_everything(database_url)
        drift = _drift(collector.url)
        off = off_by(database_url)

    assert outcome.overshot == []
    assert set(outcome.statuses) == {200}
    assert outcome.over_hold == 0
    assert off == []
    assert drift == 0
    assert outcome.highest_usd > LIMIT_USD * Decimal("0.95")
    page = keep(
        results,
        about.measured_at,
        "soak-reservations",
        text=_report(plan, outcome, about),
        figures={"seed": seed, "done": outcome.done, "samples": outcome.samples},
    )
    print(page)  # noqa: T201 - where the result is


def _check_everything(database_url: str) -> None:
    """What the jobs would come to within the minute."""
    database = Database(database_url)
    for check in (check_books, check_budgets, check_holds):
        check(database)
    database.close()


def _drift(url: str) -> Decimal:
    """What /metrics says of the self-checks."""
    till = Till(url)
    exposition = till.text("/metrics")
    till.close()
    (one,) = samples(exposition, "tollbook_ledger_drift_usd")
    return Decimal(one.value)


def _report(plan: Plan, outcome: Outcome, about: Surroundings) -> str:
    done = ", ".join(f"{number:,} {what}" for what, number in sorted(outcome.done.items()))
    return "\n".join(
        [
            "# Reservations under a hard limit",
            "",
            *about.lines(),
            "",
            f"{plan.reservations:,} reservations by {plan.processes} processes of {plan.threads}"
            f" threads, on three collector processes, seed {plan.seed}: {done}.",
            f"The budgets were looked at {outcome.samples:,} times. Spent and held together came to"
            f" at most ${outcome.highest_usd} of ${LIMIT_USD}, and no budget was ever passed. No"
            " client saw an error; accounts and reservations agreed to the last pico-dollar.",
            "",
        ]
    )
