"""`tollbook dead-letters`: acknowledged calls that could not be booked."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import click
import msgspec

from collector.commands.listing import print_json_lines, print_rows
from collector.commands.refused.filters import filtered, wanted_from
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from collector.pipeline.dead_letters import Replay, Replayed
from collector.pipeline.intake import Intake
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.dead_letters import drop_letters
from ledger.queries.reader import Reader
from ledger.queries.records.refusals import (
    RefusedFilter,
    count_letters,
    dead_letter,
    list_refused,
)

_COLUMNS = {
    "record_id": "id",
    "received_at": "received (UTC)",
    "tenant": "tenant",
    "receiver": "over",
    "call_id": "call",
    "replayable": "whole",
    "reason": "why",
}
_ids = click.argument("ids", nargs=-1, type=click.UUID, metavar="[ID]...")
_all = click.option("--all", "all_letters", is_flag=True, help="All letters that the options mean.")


@click.group("dead-letters")
def command() -> None:
    """Calls that could not be booked after their sender was told that they are safe."""


@command.command("list")
@filtered
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_command(limit: int, as_json: bool, **options: Any) -> None:
    """List dead letters, newest first."""
    wanted = wanted_from(options)
    with ledger(settings_and_logs()) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        rows = list_refused(reader, "dead_lettered", wanted, limit=limit)
        matching, _, _ = count_letters(reader, wanted)
    if as_json:
        print_json_lines(rows)
    else:
        title = f"{len(rows)} of {counted(matching, 'dead letter')}, newest first"
        print_rows(title, rows, _COLUMNS)


@command.command("show")
@click.argument("record_id", type=click.UUID, metavar="ID")
def show_command(record_id: UUID) -> None:
    """Print one letter and the call it holds as JSON."""
    with ledger(settings_and_logs()) as database:
        letter = dead_letter(Reader(database, LOCAL_OPERATOR), record_id)
    if letter is None:
        raise click.ClickException(f"there is no dead letter {record_id}")
    payload = letter.pop("payload")
    shown = msgspec.json.format(
        msgspec.json.encode({**letter, "call": msgspec.Raw(payload.encode())})
    )
    click.echo(shown.decode())


@command.command("replay")
@_ids
@_all
@filtered
@click.option("--dry-run", is_flag=True, help="Only say how many letters would be replayed.")
def replay_command(ids: tuple[UUID, ...], all_letters: bool, dry_run: bool, **options: Any) -> None:
    """Book dead letters after what refused them is mended.

    Each call is booked exactly once, however often it is replayed. Letters that still cannot be
    booked stay, with the reason of this time.
    """
    wanted = _chosen(ids, all_letters, options)
    settings = settings_and_logs()
    with ledger(settings) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        matching, replayable, now = count_letters(reader, wanted)
        if dry_run:
            letters = counted(matching, "dead letter")
            click.echo(f"{replayable} of {letters} would be replayed.")
            return
        result = Replay(database, reader, Intake(database, settings)).run(wanted, until=now)
    _report(result, not_whole=matching - replayable)


@command.command("drop")
@_ids
@_all
@filtered
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop_command(ids: tuple[UUID, ...], all_letters: bool, yes: bool, **options: Any) -> None:
    """Give dead letters up: their calls will be in no book."""
    wanted = _chosen(ids, all_letters, options)
    with ledger(settings_and_logs()) as database:
        matching, _, now = count_letters(Reader(database, LOCAL_OPERATOR), wanted)
        if matching and not yes:
            click.confirm(f"Give up {counted(matching, 'dead letter')} for good?", abort=True)
        # What came while the question stood was not asked about.
        end = now if wanted.end is None else min(now, wanted.end)
        dropped = drop_letters(database, msgspec.structs.replace(wanted, end=end))
    click.echo(f"{counted(dropped, 'dead letter')} dropped.")


def _chosen(ids: tuple[UUID, ...], all_letters: bool, options: dict[str, Any]) -> RefusedFilter:
    if bool(ids) == all_letters:
        raise click.UsageError("name the letters by their ids, or say --all")
    return wanted_from(options, ids or None)


def _report(result: Replayed, *, not_whole: int) -> None:
    failed = counted(
        result.failed,
        "could not be booked and stays a dead letter",
        "could not be booked and stay dead letters",
    )
    booked, were = counted(result.booked, "call"), counted(result.duplicate, "was", "were")
    click.echo(f"{booked} booked, {were} there already, {failed}.")
    if not_whole:
        what = counted(
            not_whole,
            "letter does not hold a whole call and stays",
            "letters do not hold a whole call and stay",
        )
        click.echo(f"{what}.", err=True)
    if result.failed:
        click.echo(f"The first reason: {result.first_failure}", err=True)
        sys.exit(1)
