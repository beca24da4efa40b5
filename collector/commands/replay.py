"""`tollbook replay`: a trace through the front door."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from collector.commands.surroundings import settings_and_logs
from collector.counted import counted
from collector.workload.replay import ReplayOptions, replay_file


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", default="replay", show_default=True, help="Whose calls they are.")
@click.option("--provider", default="azure.ai.openai", show_default=True)
@click.option("--model", default="gpt-4o-mini", show_default=True)
@click.option("--feature", default="", help="Feature the calls are booked under.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    help="1 replays at the trace's own pace, 60 a minute a second; 0: as fast as it goes.",
)
@click.option("--url", default=None, help="Collector; unset: the one of the settings.")
def command(file: Path, url: str | None, **options: Any) -> None:
    """Send a trace to a running collector.

    FILE is CSV in the format of the Azure LLM inference traces (TIMESTAMP, ContextTokens,
    GeneratedTokens) or NDJSON in the format of POST /v1/calls. Each call's id is made of the file's
    content and its line, so a second replay books nothing twice. Tenant, provider, model and
    feature are for CSV; lines of NDJSON say their own.
    """
    settings = settings_and_logs()
    result = replay_file(file, url or f"http://{settings.collector_bind}", ReplayOptions(**options))
    booked, were = counted(result.booked, "call"), counted(result.duplicate, "was", "were")
    click.echo(f"{booked} booked, {were} there already, {result.rejected} refused.")
    if result.rejected:
        click.echo(f"The first refusal: {result.first_reason}", err=True)
        sys.exit(1)
