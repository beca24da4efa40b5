"""`tollbook prices reprice`: a period of calls priced anew."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console

from collector.api.revisions.repricings import difference, shown
from collector.commands.listing import print_json_lines, print_rows
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from collector.jobs.repricing import prices_known, reprice_a_page
from exporters.postgres.revisions.repricer import Repricer
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.repricings import request_repricing
from ledger.domain.errors import NotFound
from ledger.domain.revisions.repricing import EVERY_TENANT, Repricing, Wanted, read_filter
from ledger.domain.zones import zone
from ledger.queries.reader import Reader
from ledger.queries.revisions.repricings import differences_of, repricing_of
from ledger.queries.tenants import time_zone_of
from ledger.settings import Settings
from ledger.storage.database import Database

_COLUMNS = {
    "tenant": "tenant",
    "day": "day",
    "model": "model",
    "calls": "calls",
    "calls_changed": "changed",
    "unpriced_calls_after": "unpriced",
    "before_usd": "before, USD",
    "after_usd": "after, USD",
    "difference_usd": "difference, USD",
}
_MOST_SHOWN = 1000
_PAUSE_SECONDS = 0.5
_moment = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.command("reprice")
@click.option("--from", "start", type=_moment, required=True, help="In the tenant's zone.")
@click.option("--to", "end", type=_moment, required=True, help="Exclusive.")
@click.option("--tenant", default=EVERY_TENANT, help="Whose calls; unset: everybody's.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Such as model=X.")
@click.option("--reason", default="asked for on the command line", help="Kept with it.")
@click.option("--known-at", type=_moment, default=None, help="At prices as known then.")
@click.option("--dry-run", is_flag=True, help="Show what would change and change nothing.")
@click.option("--adjust-closed", is_flag=True, help="Adjust months that are closed, too.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def command(*, as_json: bool, **options: Any) -> None:
    """Price the calls of a period anew, wait for it, and show what changed."""
    settings = settings_and_logs()
    with ledger(settings) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        wanted = _wanted(reader, settings, options)
        number = request_repricing(reader, wanted, datetime.now(UTC))
        done = _worked_through(database, reader, number)
        rows = differences_of(reader, number, limit=_MOST_SHOWN)
    if as_json:
        print_json_lines([shown(done), *map(difference, rows)])
    else:
        _print(done, [difference(row) for row in rows])
    if done.state != "done":
        raise click.ClickException(f"re-pricing {number} {done.state}: {done.failure or ''}")


def _wanted(reader: Reader, settings: Settings, options: dict[str, Any]) -> Wanted:
    tenant: str = options["tenant"]
    zone_name: str | None = settings.time_zone
    if tenant != EVERY_TENANT:
        zone_name = time_zone_of(reader, tenant)
    if zone_name is None:
        raise NotFound(f"there is no tenant {tenant!r}; its first call makes it")
    moments = {
        name: value if value is None or value.tzinfo else value.replace(tzinfo=zone(zone_name))
        for name, value in options.items()
        if name in ("start", "end", "known_at")
    }
    given: dict[str, list[str]] = {}
    for one in options["filters"]:
        name, separator, value = one.partition("=")
        if not separator:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--filter")
        given.setdefault(name, []).append(value)
    return Wanted(
        tenant=tenant,
        filter=read_filter(given),
        **{name: options[name] for name in ("reason", "dry_run", "adjust_closed")},
        **{name: value and value.astimezone(UTC) for name, value in moments.items()},
    )


def _worked_through(database: Database, reader: Reader, number: int) -> Repricing:
    """Work on it, or wait for whoever does; an interruption leaves the rest to `tollbook work`."""
    repricer = Repricer(prices_known(database))
    one = repricing_of(reader, number)
    with Console(stderr=True).status(f"re-pricing {number}") as status:
        while one.state == "running":
            if reprice_a_page(database, repricer) is None:
                time.sleep(_PAUSE_SECONDS)
            one = repricing_of(reader, number)
            status.update(f"re-pricing {number}: {_progress(one)}")
    return one


def _progress(one: Repricing) -> str:
    at = f", at {one.place.tenant} {one.place.started_at:%Y-%m-%d %H:%M}" if one.place else ""
    return f"{counted(one.calls_seen, 'call')}, {one.calls_changed:,} changed{at}"


def _print(done: Repricing, rows: list[dict[str, Any]]) -> None:
    summary = shown(done)
    would = "would change" if done.wanted.dry_run else "changed"
    print_rows(f"Re-pricing {done.repricing_id}", rows, _COLUMNS)
    click.echo(
        f"{done.calls_changed:,} of {counted(done.calls_seen, 'call')} {would}:"
        f" {summary['before_usd']} USD before, {summary['after_usd']} USD after,"
        f" difference {summary['difference_usd']} USD."
    )
    if len(rows) == _MOST_SHOWN:
        click.echo(
            f"The first {_MOST_SHOWN} rows; GET /v1/repricings/{done.repricing_id}/differences"
        )
