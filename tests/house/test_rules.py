"""The rules of the house that no linter knows."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from exporters.prometheus.catalogue import METRICS
from ledger.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("ledger", "alerts", "exporters", "dashboards", "collector", "benchmarks", "tests")
MOST_LINES = 300
MOST_FILES = 13
DUMPING_GROUNDS = re.compile(r"^(utils?|helpers?|common|misc|manager|base_?)$")

_sources = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("path", _sources, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_have_one_purpose(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_a_folder_of_the_product_can_be_taken_in_at_a_glance() -> None:
    modules = Counter(
        str(path.parent.relative_to(ROOT))
        for path in _sources
        if path.name != "__init__.py" and path.relative_to(ROOT).parts[0] != "tests"
    )
    assert {folder: n for folder, n in modules.items() if n > MOST_FILES} == {}


def test_no_file_is_named_like_a_dumping_ground() -> None:
    allowed = {"dashboards/figures/base.py"}
    named = {str(p.relative_to(ROOT)) for p in _sources if DUMPING_GROUNDS.match(p.stem)}
    assert named <= allowed


def test_every_setting_is_documented() -> None:
    readme = (ROOT / "docs" / "settings.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in readme]
    assert missing == []


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert [metric.name for metric in METRICS if f"`{metric.name}`" not in page] == []


def test_the_tenant_is_set_by_literals_only() -> None:
    """set_config() never reaches the workers of a distributed database (docs/decisions/0003)."""
    guilty = [
        str(path.relative_to(ROOT))
        for path in _sources
        if "set_config(" in path.read_text() and path != Path(__file__)
    ]
    assert guilty == []


def test_the_command_line_explains_itself() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme
