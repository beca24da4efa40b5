"""`make bench`: how many calls a second become durable, beside COPY, in one run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.azure import trace_files
from benchmarks.measuring.copy_reference import copy_rates
from benchmarks.measuring.measurement import Measured, measure
from benchmarks.measuring.server import Server, postgres
from benchmarks.peers.phoenix import measure_phoenix
from benchmarks.report.bars import rates_drawing
from benchmarks.report.files import RESULTS, keep
from benchmarks.report.machine import surroundings
from benchmarks.report.table import Run, table_of
from benchmarks.scenarios import SCENARIOS, Scenario

_COPIED_AFTER = ("otlp-4", "ndjson-4")
"""COPY is measured on the rows of these: at two moments, since a machine's speed drifts."""


def main() -> None:
    """Measure, print, keep."""
    options = _options()
    chosen = _chosen(options.only)
    with postgres() as server:
        about = surroundings(server.version)
        print("\n".join(about.lines()), flush=True)
        measured, rates = _measure_all(server, chosen, options)
        peers = _peers(server) if os.environ.get("PEERS") == "1" else []
    run = Run(about, measured, rates, peers)
    text = table_of(run)
    print(f"\n{text}")
    if options.output:
        page = keep(
            options.output,
            about.measured_at,
            "ingest",
            text=f"# Ingest\n\n{text}",
            figures=_figures(run),
            drawing=rates_drawing(run),
        )
        print(f"kept in {page}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    parser.add_argument("--only", default="", help=f"comma-separated scenarios: {names}")
    parser.add_argument("--seconds", type=float, default=9.0, help="measured, each scenario")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before that")
    parser.add_argument("--output", type=Path, help="folder of the dated result; else not kept")
    parser.add_argument("--keep", dest="output", action="store_const", const=RESULTS)
    return parser.parse_args()


def _chosen(only: str) -> Sequence[Scenario]:
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    names = only.split(",") if only else list(by_name)
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(unknown)}; there are {', '.join(by_name)}")
    chosen = [by_name[name] for name in names]
    if trace_files():
        return chosen
    print("without the Azure traces: TOLLBOOK_TEST_TRACES names no folder that has them")
    return [scenario for scenario in chosen if not scenario.bursts]


def _measure_all(
    server: Server, chosen: Sequence[Scenario], options: argparse.Namespace
) -> tuple[list[Measured], list[float]]:
    measured: list[Measured] = []
    rates: list[float] = []
    for scenario in chosen:
        with server.fresh_ledger() as url:
            found = measure(scenario, server, url, seconds=options.seconds, warm_up=options.warm_up)
            print(f"{scenario.name}: {found.calls_per_second:,.0f} calls/s", flush=True)
            measured.append(found)
            if scenario.name in _COPIED_AFTER or (scenario is chosen[-1] and not rates):
                rates += copy_rates(url)
    return measured, rates


def _peers(server: Server) -> list[tuple[str, str]]:
    print("Phoenix ...", flush=True)
    return [("Arize Phoenix", measure_phoenix(server))]


def _figures(run: Run) -> dict[str, object]:
    return {
        "measured_at": run.surroundings.measured_at.isoformat(),
        "machine": run.surroundings.machine,
        "versions": run.surroundings.versions,
        "copy_rows_per_second": list(run.copy_rates),
        "scenarios": [measured.as_json() for measured in run.measured],
        "peers": dict(run.peers),
    }


if __name__ == "__main__":
    main()
