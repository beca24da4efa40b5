"""`tollbook collect`: receivers, API and /metrics."""

from __future__ import annotations

import click

from collector.app import create_app
from collector.commands.surroundings import ledger_url, part_of_up, settings_and_logs
from collector.serving import serve
from ledger.storage.database import Database

_THREADS = 32


@click.command("collect")
@part_of_up
def command(is_part: bool) -> None:
    """Run the collector: receivers, API and /metrics."""
    settings = settings_and_logs()
    with ledger_url(settings, is_part=is_part) as url:

        def app() -> object:
            return create_app(Database(url, max_connections=_THREADS), settings)

        serve(
            app,
            bind=settings.collector_bind,
            processes=settings.ingest_workers,
            threads=_THREADS,
        )
