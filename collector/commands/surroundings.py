"""What every command needs first: settings, logs, and the ledger's address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from collector.lifeline import OPTION, end_with_stdin
from collector.logs import configure_logs
from ledger.settings import Settings, load_settings
from ledger.storage.database import Database
from ledger.storage.embedded.server import EmbeddedPostgres

part_of_up = click.option(OPTION, "is_part", is_flag=True, hidden=True)
"""Marks a process that `tollbook up` started and that ends with it."""


def settings_and_logs() -> Settings:
    """The settings, with logs set up as they say. Raises InvalidSetting."""
    settings = load_settings()
    configure_logs(settings.log_level)
    return settings


@contextmanager
def ledger_url(settings: Settings, *, is_part: bool = False) -> Iterator[str]:
    """URL of the operator's server, or of the embedded one, which runs while the block does.

    A part of `tollbook up` ends when that does, and leaves stopping the embedded server to it.
    """
    if is_part:
        end_with_stdin()
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.home).in_use(stop=not is_part) as url:
        yield url


@contextmanager
def ledger(settings: Settings) -> Iterator[Database]:
    """The ledger for a command that does one thing and ends."""
    with ledger_url(settings) as url:
        database = Database(url, max_connections=4)
        try:
            yield database
        finally:
            database.close()
