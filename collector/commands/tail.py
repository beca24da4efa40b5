"""`tollbook tail`: JSON log lines."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple

import click

from collector.commands.surroundings import ledger_url, settings_and_logs
from collector.pipeline.intake import Intake
from collector.tail.following import Follower
from collector.tail.handover import Handover, Stopped
from collector.tail.logfiles.finding import Finder
from collector.tail.memory import Memory, check_schema, host_name, load_contents
from collector.tail.pipe import read_pipe
from collector.tail.watching import Watch
from ledger.storage.database import Database

_PIPE = "-"
_CONNECTIONS = 3


class _Options(NamedTuple):
    default_tenant: str | None
    once: bool
    from_end: bool
    host: str


@click.command("tail")
@click.argument("logs", nargs=-1, required=True, metavar="PATH|GLOB|-...")
@click.option("--tenant", default=None, help="Tenant of calls that name none.")
@click.option("--once", is_flag=True, help="Read to the end and exit; else follow for ever.")
@click.option(
    "--from-start/--from-end",
    "from_start",
    default=True,
    help="Where to begin in logs that were never read; from the start unless told.",
)
@click.option("--host", default=None, help="Name of this machine; unset: its machine id.")
def command(
    logs: tuple[str, ...], tenant: str | None, once: bool, from_start: bool, host: str | None
) -> None:
    """Book the LLM calls in JSON log lines; other lines are ignored.

    Give paths, globs in quotes, or - for standard input. How far each file was read is kept in the
    ledger together with its calls: after a restart, a rotation or a crash none is lost and none is
    booked twice. Docs: docs/logging.md.
    """
    if _PIPE in logs and len(logs) > 1:
        raise click.BadParameter("- stands alone: read files and a pipe with a process each")
    settings = settings_and_logs()
    options = _Options(tenant or settings.default_tenant, once, not from_start, host or host_name())
    stopping = _stopped_by_signals()
    with ledger_url(settings) as url:
        database = Database(url, max_connections=_CONNECTIONS)
        handover = Handover(Intake(database, settings), database, stopping)
        try:
            check_schema(handover, database)
            if logs == (_PIPE,):
                read_pipe(0, handover, default_tenant=options.default_tenant, stopping=stopping)
                faults = []
            else:
                faults = _read_files(logs, database, handover, options, stopping)
        except Stopped as stopped:
            faults = [str(stopped)]
    click.echo(f"{handover.summary}.")
    for fault in faults:
        click.echo(f"tollbook: {fault}", err=True)
    sys.exit(1 if faults else 0)


def _read_files(
    logs: Sequence[str],
    database: Database,
    handover: Handover,
    options: _Options,
    stopping: threading.Event,
) -> list[str]:
    """Follow the files, or read them once; returns which of them could not be read."""
    contents = load_contents(handover, database, options.host)
    watch = Watch(Finder(logs), contents, once=options.once, from_end=options.from_end)
    follower = Follower(
        watch,
        contents,
        handover,
        default_tenant=options.default_tenant,
        stopping=stopping,
        memory=Memory(watch, contents, database),
    )
    if not options.once:
        follower.follow()
        return []
    follower.read_once()
    return watch.faults()


def _stopped_by_signals() -> threading.Event:
    """Set by SIGTERM and SIGINT; the piece at hand is still booked."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping
