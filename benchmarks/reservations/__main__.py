"""`python -m benchmarks.reservations`: reservations beside bare updates of a row, in one run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring.server import Server, postgres
from benchmarks.report.files import RESULTS, keep
from benchmarks.report.machine import surroundings
from benchmarks.reservations.bare import measure_bare_updates
from benchmarks.reservations.hot import measure_hot_budget
from benchmarks.reservations.pairs import measure_pairs
from benchmarks.reservations.timing import Timed

CLIENTS = 64
BUDGETS = 1_000


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reservations", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured, each")
    parser.add_argument("--only", default="", help="a part of the names of what is measured")
    parser.add_argument("--output", type=Path, help="folder of the dated result; else not kept")
    parser.add_argument("--keep", dest="output", action="store_const", const=RESULTS)
    options = parser.parse_args()
    with postgres() as server:
        about = surroundings(server.version)
        print("\n".join(about.lines()), flush=True)
        measured = {
            name: _measured(server, name, measure)
            for name, measure in _measures(options.seconds).items()
            if options.only in name
        }
    if options.output:
        lines = [*about.lines(), "", *(f"- {name}: {one}" for name, one in measured.items())]
        figures = {name: one._asdict() for name, one in measured.items()}
        text = "# Reservations\n\n" + "\n".join(lines) + "\n"
        page = keep(options.output, about.measured_at, "reservations", text=text, figures=figures)
        print(f"kept in {page}")


def _measures(seconds: float) -> dict[str, Callable[[str], Timed]]:
    return {
        f"bare UPDATE ... RETURNING of one row, {CLIENTS} connections": partial(
            measure_bare_updates, clients=CLIENTS, seconds=seconds
        ),
        f"reservations of one hot budget, {CLIENTS} threads": partial(
            measure_hot_budget, clients=CLIENTS, seconds=seconds
        ),
        f"reserve + settle over HTTP, one hot budget, {CLIENTS} connections": partial(
            measure_pairs, budgets=1, connections=CLIENTS, seconds=seconds
        ),
        f"reserve + settle over HTTP, {BUDGETS:,} budgets, {CLIENTS} connections": partial(
            measure_pairs, budgets=BUDGETS, connections=CLIENTS, seconds=seconds
        ),
        f"the same with a month of sums in each of {BUDGETS:,} budgets": partial(
            measure_pairs,
            budgets=BUDGETS,
            connections=CLIENTS,
            seconds=seconds,
            with_history=True,
        ),
    }


def _measured(server: Server, name: str, measure: Callable[[str], Timed]) -> Timed:
    with server.fresh_ledger() as url:
        found = measure(url)
    print(f"{found}   {name}", flush=True)
    return found


if __name__ == "__main__":
    main()
