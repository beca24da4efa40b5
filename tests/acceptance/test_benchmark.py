"""`python -m benchmarks`, as small as it goes: a table, its figures and a plot come out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_scenario_is_measured_beside_copy_and_kept(tmp_path: Path) -> None:
    done = benchmark(
        "--only", "ndjson-4-dup50", "--seconds", "1", "--warm-up", "0.3", "--output", str(tmp_path)
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    page, figures, plot = (
        next(tmp_path.glob(f"*-ingest.{kind}")) for kind in ("md", "json", "svg")
    )
    found = json.loads(figures.read_text())
    (scenario,) = found["scenarios"]
    assert scenario["scenario"] == "ndjson-4-dup50"
    assert scenario["calls_per_second"] > 0
    assert len(found["copy_rows_per_second"]) == 3
    assert "| COPY" in page.read_text()
    ElementTree.parse(plot)  # noqa: S314 - our own file


def test_an_unknown_scenario_is_named_beside_the_known_ones() -> None:
    done = benchmark("--only", "otlp-5")
    assert done.returncode == 1
    assert "no such scenario: otlp-5" in done.stderr
    assert "otlp-4" in done.stderr
