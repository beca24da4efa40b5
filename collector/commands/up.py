"""`tollbook up`: everything on one machine."""

from __future__ import annotations

from collections.abc import Callable

import click
from rich.console import Console

from alerts.notices.addresses import channels_of_setting
from collector.addresses import wait_until_free
from collector.commands.surroundings import ledger_url, settings_and_logs
from collector.supervisor import Supervisor
from collector.version import VERSION
from ledger.settings import Settings
from ledger.storage.embedded.server import EmbeddedPostgres
from ledger.storage.schema import migrate


@click.command("up")
@click.option("--demo", is_flag=True, help="Also send a demo workload: 30 days, then live calls.")
def command(demo: bool) -> None:
    """Run everything on this machine: Postgres, collector, dashboards and jobs."""
    settings = settings_and_logs()
    channels_of_setting(settings.notice_urls)  # says what is wrong before anything starts
    wait_until_free("TOLLBOOK_COLLECTOR_BIND", settings.collector_bind)
    wait_until_free("TOLLBOOK_DASHBOARDS_BIND", settings.dashboards_bind)
    console = Console(stderr=True)
    with ledger_url(settings) as url:
        revision = migrate(url)
        console.print(f"[bold]Tollbook {VERSION}[/] (schema {revision})")
        console.print(f"  dashboards  http://{settings.dashboards_bind}")
        console.print(f"  collector   http://{settings.collector_bind}  (OTLP/HTTP and API)")
        console.print("  Ctrl-C ends it; what was booked stays.")
        once = [["demo"]] if demo else []
        parts = [["collect"], ["dashboards"], ["work"]]
        Supervisor(parts, once=once, upkeep=_database_upkeep(settings)).run()


def _database_upkeep(settings: Settings) -> Callable[[], None]:
    """What keeps the embedded Postgres running; a server of the operator's is his to keep."""
    if settings.database_url is not None:
        return lambda: None
    return EmbeddedPostgres(settings.home).keep_running
