"""`tollbook budgets channels`: where notices about budgets go."""

from __future__ import annotations

import sys

import click
import msgspec

from alerts.notices.addresses import channels_of_setting, shown_address
from alerts.notices.trying import try_channel
from collector.commands.listing import print_json_lines, print_rows
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.notices.channels import check_address_text, end_channel, set_channel
from ledger.domain.budgets.budget import OPERATOR
from ledger.domain.errors import NotDelivered
from ledger.domain.notices.notice import Channel
from ledger.queries.notices.channels import all_channels, list_channels
from ledger.queries.reader import Reader
from ledger.storage.database import Database

_COLUMNS = {
    "channel_id": "id",
    "tenant": "tenant",
    "name": "name",
    "shown_url": "address",
    "created_at": "since (UTC)",
    "created_by": "by",
}
_MOST = 100_000

_tenant = click.option(
    "--tenant", default=OPERATOR, show_default=True, help="Whose notices; '*': the operator's."
)


@click.group("channels")
def command() -> None:
    """Where notices about budgets go: mail, Slack, webhooks and more."""


@command.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_command(tenant: str | None, *, as_json: bool) -> None:
    """List channels; what is secret in their addresses is left out."""
    settings = settings_and_logs()
    with ledger(settings) as database, _reader(database).connection() as connection:
        found = list_channels(connection, tenant=tenant, limit=_MOST)
    rows = [msgspec.structs.asdict(one) for one in found]
    for channel in channels_of_setting(settings.notice_urls) if tenant in (None, OPERATOR) else ():
        values = msgspec.structs.asdict(channel)
        rows.append({name: values.get(name) for name in _COLUMNS})
    if as_json:
        print_json_lines(rows)
    else:
        print_rows(counted(len(rows), "channel"), rows, _COLUMNS)


@command.command("add")
@click.argument("name")
@click.argument("url", required=False)
@_tenant
def add_command(name: str, url: str | None, tenant: str) -> None:
    """Send notices to URL, an address as Apprise takes them (docs/notices.md).

    Without URL it is asked for, or read from standard input: command lines can be seen by others.
    """
    if url is None:
        url = (
            click.prompt("address", hide_input=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().strip()
        )
    check_address_text(url)
    shown = shown_address(url)
    with ledger(settings_and_logs()) as database:
        channel = set_channel(_reader(database), tenant=tenant, name=name, url=url, shown_url=shown)
    click.echo(f"Notices of {_whose(tenant)} go to {shown}; its id is {channel.channel_id}.")


@command.command("remove")
@click.argument("name")
@_tenant
def remove_command(name: str, tenant: str) -> None:
    """Send nothing to the channel NAME any more, and forget its address."""
    with ledger(settings_and_logs()) as database:
        for channel in _named(_all(database), name, tenant):
            end_channel(_reader(database), channel.channel_id)
    click.echo(f"The channel {name} was removed.")


@command.command("test")
@click.argument("name", required=False)
@click.option("--tenant", default=None, help="Only channels of this tenant.")
def test_command(name: str | None, tenant: str | None) -> None:
    """Send a test to the channel NAME, or to all; the exit status is 1 when one fails."""
    settings = settings_and_logs()
    with ledger(settings) as database:
        channels = [*_all(database), *channels_of_setting(settings.notice_urls)]
    failed = False
    for channel in _named(channels, name, tenant):
        try:
            try_channel(channel)
        except NotDelivered as error:
            failed = True
            click.echo(str(error), err=True)
        else:
            click.echo(f"the notice channel {channel.name!r} took it")
    sys.exit(1 if failed else 0)


def _reader(database: Database) -> Reader:
    return Reader(database, LOCAL_OPERATOR)


def _all(database: Database) -> list[Channel]:
    with _reader(database).connection() as connection:
        return all_channels(connection)


def _named(channels: list[Channel], name: str | None, tenant: str | None) -> list[Channel]:
    found = [
        channel
        for channel in channels
        if name in (None, channel.name, str(channel.channel_id))
        and tenant in (None, channel.tenant)
    ]
    if not found:
        raise click.ClickException(f"there is no channel {name}" if name else "there is no channel")
    return found


def _whose(tenant: str) -> str:
    return "the operator" if tenant == OPERATOR else tenant
