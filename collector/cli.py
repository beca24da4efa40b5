"""The command `tollbook`; each sub-command is a module of `collector.commands`."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from collector.version import VERSION
from ledger.domain.errors import TollbookError

_COMMANDS = {
    "up": "up",
    "collect": "collect",
    "dashboards": "dashboards",
    "work": "work",
    "migrate": "migrate",
    "doctor": "doctor",
    "replay": "replay",
    "tail": "tail",
    "demo": "demo",
    "dead-letters": "refused.dead_letters",
    "rejected": "refused.rejected",
    "aliases": "aliases",
    "budgets": "budgets.budgets",
    "price": "prices.price",
    "prices": "prices.prices",
    "months": "revisions.months",
}
"""Sub-commands and their modules in `collector.commands`."""


class _Commands(click.Group):
    """Loads a sub-command only when it is asked for: none needs the imports of all others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"collector.commands.{module}").command
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="tollbook")
def tollbook() -> None:
    """Book every LLM call: who spent what, on which model and feature, how fast and how well."""


def main() -> None:
    """Entry point: errors that Tollbook raises on purpose end in one clear line."""
    try:
        tollbook()
    except TollbookError as error:
        click.echo(f"tollbook: {error}", err=True)
        sys.exit(2)
