"""Long runs: not part of `make test`; sizes and the folder of results come from `make soak`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.report.machine import Surroundings, surroundings
from tests.servers.databases import TestServer


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Where dated results are kept: a folder of the test's own unless one is named."""
    return Path(os.environ.get("SOAK_RESULTS", tmp_path))


@pytest.fixture
def size() -> float:
    """Share of the full size: 0.1 sends a tenth of the calls over a tenth of the time."""
    return float(os.environ.get("SOAK_SIZE", "1"))


@pytest.fixture
def about(server: TestServer) -> Surroundings:
    """Machine and versions of this run."""
    return surroundings(server.version)
