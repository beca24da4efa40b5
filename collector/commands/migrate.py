"""`tollbook migrate`: bring the schema up to date."""

from __future__ import annotations

import click

from collector.commands.surroundings import ledger_url, settings_and_logs
from ledger.storage.schema import migrate


@click.command("migrate")
def command() -> None:
    """Bring the database to this version's schema."""
    with ledger_url(settings_and_logs()) as url:
        click.echo(f"The ledger's schema is {migrate(url)}.")
