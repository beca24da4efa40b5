"""`tollbook collect`: receivers, API and /metrics."""

from __future__ import annotations

import sys

import click

from collector.app import API_THREADS, Collector
from collector.commands.surroundings import ledger_url, part_of_up, settings_and_logs
from collector.serving import serve_asgi
from ledger.storage.database import Database

_SWITCH_SECONDS = 0.001
"""The event loop waits at most this long for a thread that decodes."""
_INGEST_CONNECTIONS = 8
"""The writer's, and those that lay what calls of new series and days need."""


@click.command("collect")
@part_of_up
def command(is_part: bool) -> None:
    """Run the collector: receivers, API and /metrics."""
    settings = settings_and_logs()
    with ledger_url(settings, is_part=is_part) as url:

        def app() -> object:
            connections = API_THREADS + _INGEST_CONNECTIONS
            sys.setswitchinterval(_SWITCH_SECONDS)
            collector = Collector(Database(url, max_connections=connections), settings)
            collector.start()
            return collector.front

        serve_asgi(app, bind=settings.collector_bind, processes=settings.ingest_workers)
