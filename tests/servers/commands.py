"""`tollbook COMMAND` run to its end on a database of the test's own."""

from __future__ import annotations

import os
import subprocess

from tests.servers.processes import TOLLBOOK


def run(database_url: str, *command: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """What the command said and how it ended; `answer` is typed in."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TOLLBOOK_")
    }
    environment |= {"TOLLBOOK_DATABASE_URL": database_url, "COLUMNS": "200", "NO_COLOR": "1"}
    environment["TOLLBOOK_CATALOG_URL"] = ""
    return subprocess.run(
        [str(TOLLBOOK), *command],
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
