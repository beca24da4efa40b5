from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.workload.azure_fit import CODE, CONVERSATION, SHARES, TraceFit, fit

TRACES = Path(
    os.environ.get("TOLLBOOK_TEST_TRACES", Path(__file__).parents[3].parent / "shared" / "data")
)


def rows_of(path: Path) -> list[tuple[datetime, int, int]]:
    with path.open(newline="") as file:
        return [
            (
                datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=UTC),
                int(row["ContextTokens"]),
                int(row["GeneratedTokens"]),
            )
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("azure_llm_trace_2023_code.csv", CODE),
        ("azure_llm_trace_2023_conv.csv", CONVERSATION),
    ],
)
def test_the_figures_are_what_fit_makes_of_the_real_traces(name: str, figures: TraceFit) -> None:
    path = TRACES / name
    if not path.exists():
        pytest.skip(f"{path} is not there; TOLLBOOK_TEST_TRACES names the folder of the traces")
    assert fit(rows_of(path)) == figures


def test_a_trace_without_variation_is_not_bursty() -> None:
    """The same number each minute is more even than chance: the excess is minus chance's own."""
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    rows = [(begin + timedelta(seconds=6 * n), n, 2 * n) for n in range(101)]
    fitted = fit(rows)
    assert fitted.burstiness == -0.1
    assert (fitted.input_tokens[0], fitted.input_tokens[-1]) == (0, 100)
    assert (fitted.output_tokens[0], fitted.output_tokens[-1]) == (0, 200)
    assert len(fitted.input_tokens) == len(SHARES)


@pytest.mark.parametrize("figures", [CODE, CONVERSATION])
def test_quantiles_only_grow(figures: TraceFit) -> None:
    assert list(figures.input_tokens) == sorted(figures.input_tokens)
    assert list(figures.output_tokens) == sorted(figures.output_tokens)
