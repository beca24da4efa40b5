"""The dated files that a result is kept in."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"


def keep(
    folder: Path,
    measured_at: datetime,
    name: str,
    *,
    text: str,
    figures: Any,
    drawing: str | None = None,
) -> Path:
    """Write DATE-NAME.md, .json and .svg over those of earlier that day; returns the first."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{measured_at:%Y-%m-%d}-{name}"
    page = folder / f"{stem}.md"
    if drawing is not None:
        (folder / f"{stem}.svg").write_text(drawing)
        text += f"\n![The same as a plot]({stem}.svg)\n"
    page.write_text(text)
    (folder / f"{stem}.json").write_text(json.dumps(figures, indent=1) + "\n")
    return page
