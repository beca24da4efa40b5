"""The command `tollbook`; each sub-command is a module of `collector.commands`."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from collector.version import VERSION
from ledger.domain.errors import TollbookError

_COMMANDS = ("up", "collect", "dashboards", "work", "migrate", "doctor", "replay", "demo")


class _Commands(click.Group):
    """Loads a sub-command only when it is asked for: none needs the imports of all others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"collector.commands.{cmd_name}").command
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
