"""Usage objects in the forms that providers document, with our own numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "golden" / "usages"
GOLDENS: dict[str, dict[str, Any]] = {
    str(path.relative_to(FOLDER)): json.loads(path.read_text())
    for path in sorted(FOLDER.rglob("*.json"))
}
"""By path: `provider`, `model`, `operation`, `usage` as it comes, the disjoint counts that are
`expected`, and their sum, the `billed_tokens`."""
