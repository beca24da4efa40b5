"""`tollbook aliases`: what other names of models stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from collector.commands.listing import print_json_lines, print_rows
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.aliases import remove_alias, set_alias
from ledger.pricing.aliases import Alias
from ledger.pricing.catalog import find_model
from ledger.queries.aliases import list_aliases
from ledger.queries.reader import Reader

_COLUMNS = {
    "tenant": "tenant",
    "provider": "provider",
    "alias": "alias",
    "valid_from": "from (UTC)",
    "target_provider": "stands for provider",
    "target_model": "model",
    "note": "note",
}
_MOST = 100_000

_tenant = click.option("--tenant", required=True, help="Whose name it is; '*': every tenant's.")
_provider = click.option(
    "--provider", default="", help="Only calls that name this provider; unset: any."
)
_valid_from = click.option(
    "--valid-from",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    default=None,
    help="From when it holds, in UTC; unset: always.",
)


@click.group("aliases")
def command() -> None:
    """Other names of models: deployments, inference profiles, fine-tunes."""


@command.command("list")
@click.option("--tenant", help="Only what holds for this tenant.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_command(tenant: str | None, as_json: bool) -> None:
    """List aliases."""
    with ledger(settings_and_logs()) as database:
        rows = list_aliases(Reader(database, LOCAL_OPERATOR), tenant=tenant, limit=_MOST)
    if as_json:
        print_json_lines(rows)
    else:
        print_rows(counted(len(rows), "alias", "aliases"), rows, _COLUMNS)


@command.command("set")
@click.argument("alias")
@click.argument("model")
@_tenant
@_provider
@click.option("--target-provider", default="", help="Who serves it; unset: as the call says.")
@_valid_from
@click.option("--note", default=None, help="What people should know.")
def set_command(alias: str, model: str, note: str | None, **options: Any) -> None:
    """Book calls of ALIAS as calls of MODEL from now on."""
    since: datetime | None = options.pop("valid_from")
    row = Alias(
        alias=alias,
        target_model=model,
        valid_from=(since or datetime(2015, 1, 1)).replace(tzinfo=UTC),  # noqa: DTZ001 - set here
        **options,
    )
    with ledger(settings_and_logs()) as database:
        set_alias(Reader(database, LOCAL_OPERATOR), row, note)
    click.echo(f"Calls of {alias} are booked as {model}, within seconds.")
    provider = row.target_provider or row.provider
    if provider and find_model(provider, model) is None:
        click.echo(
            f"The price catalog knows no {model} of {provider}: its calls will be unpriced.",
            err=True,
        )


@command.command("remove")
@click.argument("alias")
@_tenant
@_provider
@_valid_from
def remove_command(alias: str, valid_from: datetime | None, **options: Any) -> None:
    """Forget what ALIAS stands for; what is booked stays."""
    moment = valid_from and valid_from.replace(tzinfo=UTC)
    with ledger(settings_and_logs()) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        removed = remove_alias(reader, alias=alias, valid_from=moment, **options)
    click.echo(f"{counted(removed, 'alias', 'aliases')} removed.")
