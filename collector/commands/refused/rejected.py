"""`tollbook rejected`: what senders were refused, and why."""

from __future__ import annotations

from typing import Any

import click

from collector.commands.listing import print_json_lines, print_rows
from collector.commands.refused.filters import filtered, wanted_from
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from ledger.access.principals import LOCAL_OPERATOR
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import list_refused

_COLUMNS = {
    "received_at": "received (UTC)",
    "tenant": "tenant",
    "receiver": "over",
    "path": "where",
    "reason": "why",
}


@click.group("rejected")
def command() -> None:
    """Records that were refused to their senders."""


@command.command("list")
@filtered
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, with the evidence.")
def list_command(limit: int, as_json: bool, **options: Any) -> None:
    """List refused records, newest first."""
    wanted = wanted_from(options)
    with ledger(settings_and_logs()) as database:
        rows = list_refused(Reader(database, LOCAL_OPERATOR), "rejected", wanted, limit=limit)
    if as_json:
        print_json_lines(rows)
    else:
        title = f"{counted(len(rows), 'refused record')}, newest first"
        print_rows(title, rows, _COLUMNS)
