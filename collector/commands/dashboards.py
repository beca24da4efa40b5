"""`tollbook dashboards`: the pages for people."""

from __future__ import annotations

import click

from collector.commands.surroundings import ledger_url, part_of_up, settings_and_logs
from collector.serving import serve_wsgi
from dashboards.app import create_dashboards
from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.storage.database import Database

_THREADS = 8


@click.command("dashboards")
@part_of_up
def command(is_part: bool) -> None:
    """Run the dashboards."""
    settings = settings_and_logs()
    with ledger_url(settings, is_part=is_part) as url:

        def app() -> object:
            return create_dashboards(
                Reader(Database(url, max_connections=_THREADS), LOCAL_OPERATOR),
                time_zone=settings.time_zone,
                collector_url=f"http://{settings.collector_bind}",
            )

        serve_wsgi(app, bind=settings.dashboards_bind, threads=_THREADS)
