"""`tollbook doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.doctor.examination import examine
from collector.doctor.findings import Finding

_SHOWN = {"ok": ("ok", "green"), "wrong": ("WRONG", "bold red"), "unknown": ("?", "yellow")}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def command(as_json: bool) -> None:
    """Check this installation and say what to do about all that is wrong.

    Reads only and starts nothing. The exit status is 1 when anything is wrong.
    """
    findings = examine()
    is_well = all(finding.state == "ok" for finding in findings)
    if as_json:
        click.echo(msgspec.json.encode({"ok": is_well, "checks": findings}))
    else:
        Console().print(_table(findings))
    sys.exit(0 if is_well else 1)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        word, style = _SHOWN[finding.state]
        found = Text(finding.found)
        if finding.advice:
            found.append(f"\n-> {finding.advice}", style="bold")
        table.add_row(Text(word, style=style), finding.check, found)
    return table
