"""The command `tollbook`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from collector.addresses import wait_until_free
from collector.app import VERSION, create_app
from collector.jobs.scheduler import run_jobs
from collector.lifeline import OPTION, end_with_stdin
from collector.logs import configure_logs
from collector.serving import serve
from collector.supervisor import Supervisor
from collector.workload.demo import send_demo
from collector.workload.replay import ReplayOptions, replay_file
from dashboards.app import create_dashboards
from ledger.access.principals import LOCAL_OPERATOR
from ledger.domain.errors import TollbookError
from ledger.queries.reader import Reader
from ledger.settings import Settings, load_settings
from ledger.storage.database import Database
from ledger.storage.embedded import EmbeddedPostgres
from ledger.storage.schema import migrate

_COLLECTOR_THREADS = 32
_DASHBOARD_THREADS = 8

ended_with_parent = click.option(OPTION, "with_parent", is_flag=True, hidden=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="tollbook")
def tollbook() -> None:
    """Book every LLM call: who spent what, on which model and feature, how fast and how well."""


@tollbook.command()
@click.option("--demo", is_flag=True, help="Also send a demo workload: 30 days, then live calls.")
def up(demo: bool) -> None:
    """Run everything on this machine: Postgres, collector, dashboards and jobs."""
    settings = _settings()
    console = Console(stderr=True)
    wait_until_free("TOLLBOOK_COLLECTOR_BIND", settings.collector_bind)
    wait_until_free("TOLLBOOK_DASHBOARDS_BIND", settings.dashboards_bind)
    with _ledger_url(settings) as url:
        revision = migrate(url)
        console.print(f"[bold]Tollbook {VERSION}[/] (schema {revision})")
        console.print(f"  dashboards  [link]http://{settings.dashboards_bind}[/]")
        console.print(f"  collector   http://{settings.collector_bind}  (OTLP/HTTP and API)")
        console.print("  Ctrl-C ends it; what was booked stays.")
        once = [["demo"]] if demo else []
        Supervisor([["collect"], ["dashboards"], ["work"]], once=once).run()


@tollbook.command()
@ended_with_parent
def collect(with_parent: bool) -> None:
    """Run the collector: receivers, API and /metrics."""
    settings = _settings()
    with _part(settings, with_parent=with_parent) as url:

        def app() -> object:
            return create_app(Database(url, max_connections=_COLLECTOR_THREADS), settings)

        serve(
            app,
            bind=settings.collector_bind,
            processes=settings.ingest_workers,
            threads=_COLLECTOR_THREADS,
        )


@tollbook.command()
@ended_with_parent
def dashboards(with_parent: bool) -> None:
    """Run the dashboards."""
    settings = _settings()
    with _part(settings, with_parent=with_parent) as url:

        def app() -> object:
            database = Database(url, max_connections=_DASHBOARD_THREADS)
            reader = Reader(database, LOCAL_OPERATOR)
            return create_dashboards(
                reader,
                time_zone=settings.time_zone,
                collector_url=f"http://{settings.collector_bind}",
            )

        serve(app, bind=settings.dashboards_bind, processes=1, threads=_DASHBOARD_THREADS)


@tollbook.command()
@ended_with_parent
def work(with_parent: bool) -> None:
    """Run the background jobs."""
    settings = _settings()
    with _part(settings, with_parent=with_parent) as url:
        run_jobs(Database(url), settings)


@tollbook.command("migrate")
def migrate_command() -> None:
    """Bring the database to this version's schema."""
    with _ledger_url(_settings()) as url:
        click.echo(f"The ledger's schema is {migrate(url)}.")


@tollbook.command()
@ended_with_parent
def demo(with_parent: bool) -> None:
    """Send the demo workload to a running collector: 30 days at once, then calls as they happen."""
    settings = _settings()
    if with_parent:
        end_with_stdin()
    send_demo(f"http://{settings.collector_bind}")


@tollbook.command()
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
def replay(file: Path, url: str | None, **options: object) -> None:
    """Send a trace to a running collector.

    FILE is CSV in the format of the Azure LLM inference traces (TIMESTAMP, ContextTokens,
    GeneratedTokens) or NDJSON in the format of POST /v1/calls. Each call's id is made of the file's
    content and its line, so a second replay books nothing twice.
    """
    settings = _settings()
    result = replay_file(
        file,
        url or f"http://{settings.collector_bind}",
        ReplayOptions(**options),  # type: ignore[arg-type]
    )
    click.echo(
        f"{result.booked} calls booked, {result.duplicate} were there already,"
        f" {result.rejected} refused."
    )
    if result.rejected:
        click.echo(f"The first refusal: {result.first_reason}", err=True)
        sys.exit(1)


def _settings() -> Settings:
    settings = load_settings()
    configure_logs(settings.log_level)
    return settings


@contextmanager
def _part(settings: Settings, *, with_parent: bool) -> Iterator[str]:
    if with_parent:
        end_with_stdin()
    with _ledger_url(settings) as url:
        yield url


@contextmanager
def _ledger_url(settings: Settings) -> Iterator[str]:
    """URL of the operator's server, or of the embedded one, which runs while the block does."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.home).in_use() as url:
        yield url


def main() -> None:
    """Entry point: errors that Tollbook raises on purpose end in one clear line."""
    try:
        tollbook()
    except TollbookError as error:
        click.echo(f"tollbook: {error}", err=True)
        sys.exit(2)
