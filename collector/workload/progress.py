"""The progress bar of long sends."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _CallsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} calls/s" if task.speed else "", style="dim")


def calls_progress(console: Console) -> Progress:
    """A bar that counts calls and shows how fast they go and how long it will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _CallsPerSecond(),
        TimeRemainingColumn(),
        console=console,
    )
