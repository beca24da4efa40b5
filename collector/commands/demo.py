"""`tollbook demo`: the demo workload."""

from __future__ import annotations

import click

from collector.commands.surroundings import part_of_up, settings_and_logs
from collector.lifeline import end_with_stdin
from collector.workload.demo import send_demo


@click.command("demo")
@part_of_up
def command(is_part: bool) -> None:
    """Send the demo workload to a running collector: 30 days at once, then live calls."""
    settings = settings_and_logs()
    if is_part:
        end_with_stdin()
    send_demo(f"http://{settings.collector_bind}")
