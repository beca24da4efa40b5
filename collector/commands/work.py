"""`tollbook work`: the background jobs."""

from __future__ import annotations

import click

from collector.commands.surroundings import ledger_url, part_of_up, settings_and_logs
from collector.jobs.scheduler import run_jobs
from ledger.storage.database import Database


@click.command("work")
@part_of_up
def command(is_part: bool) -> None:
    """Run the background jobs."""
    settings = settings_and_logs()
    with ledger_url(settings, is_part=is_part) as url:
        run_jobs(Database(url), settings)
