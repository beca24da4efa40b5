"""Records on a terminal: as a table for people, as JSON lines for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_rows(title: str, rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> None:
    """A table of rows; `columns` are the headings of the fields that are shown."""
    table = Table(title=title, title_justify="left")
    for name, heading in columns.items():
        table.add_column(heading, overflow="fold", no_wrap=name == "record_id")
    for row in rows:
        table.add_row(*(escape(_shown(row[name])) for name in columns))
    Console().print(table)


def print_json_lines(rows: Sequence[dict[str, Any]]) -> None:
    """One JSON object a line."""
    for row in rows:
        click.echo(msgspec.json.encode(row).decode())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return "".join(character if character.isprintable() else "\ufffd" for character in str(value))
