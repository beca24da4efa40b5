"""A real Prometheus that scrapes one target every second."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
import urllib3

from tests.servers.processes import free_port, wait_for

PROMETHEUS = Path("/usr/bin/prometheus")
PROMTOOL = Path("/usr/bin/promtool")

needs_prometheus = pytest.mark.skipif(
    not (PROMETHEUS.exists() and PROMTOOL.exists()),
    reason="no /usr/bin/prometheus and promtool; scripts/install-test-tools installs them",
)

_CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: tollbook
    static_configs: [{{targets: ["{target}"]}}]
"""


class Element(NamedTuple):
    """One element of an instant vector."""

    labels: dict[str, str]
    value: float


class Prometheus:
    """Asks a running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, promql: str) -> list[Element]:
        """The instant vector of a query."""
        url = f"{self._url}/api/v1/query?{urlencode({'query': promql})}"
        response = urllib3.request("GET", url, timeout=10.0, retries=False)
        answer = json.loads(response.data)
        assert answer["status"] == "success", answer
        return [
            Element(found["metric"], float(found["value"][1])) for found in answer["data"]["result"]
        ]

    def single(self, promql: str) -> float:
        """The value of a query that has one element."""
        (element,) = self.query(promql)
        return element.value

    def by(self, promql: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The values of a query by the values of some labels."""
        return {
            tuple(element.labels.get(label, "") for label in labels): element.value
            for element in self.query(promql)
        }

    def wait_until(self, promql: str, value: float, *, seconds: float = 20.0) -> None:
        """Return once a query has one element with this value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.query(promql)
            if [element.value for element in found] == [value]:
                return
            time.sleep(0.1)
        raise AssertionError(f"{promql} is {found} and not {value} after {seconds} s")


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run a Prometheus on a free port that scrapes `target` (ADDRESS:PORT)."""
    configuration = folder / "prometheus.yml"
    configuration.write_text(_CONFIGURATION.format(target=target))
    bind = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as log_file:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address={bind}",
            ],
            stdout=log_file,
            stderr=log_file,
        )
    try:
        wait_for(f"http://{bind}/-/ready")
        yield Prometheus(f"http://{bind}")
    finally:
        process.terminate()
        process.wait(30)
