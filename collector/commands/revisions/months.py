"""`tollbook months`: closing months, and their statements."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from collector.api.revisions.months import shown_closed, shown_figures, shown_statement
from collector.commands.listing import print_json_lines, print_rows
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.months import close_month
from ledger.domain.revisions.months import month_text, read_month
from ledger.queries.reader import Reader
from ledger.queries.revisions.months import Statement, list_closed, statement_of

_MOST = 100_000
_FIGURES = {
    "calls": "calls",
    "unpriced_calls": "unpriced",
    "estimated_calls": "estimated",
    "cost_usd": "USD",
}
_COLUMNS = {"tenant": "tenant", "month": "month", "time_zone": "zone", "closed_at": "closed (UTC)"}


class _Month(click.ParamType[date]):
    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return read_month(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_month = click.argument("month", type=_Month())
_tenant = click.option("--tenant", required=True, help="Whose month.")
_as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")


@click.group("months")
def command() -> None:
    """Close months and see their statements."""


@command.command("close")
@_month
@_tenant
def close_command(month: date, tenant: str) -> None:
    """Close MONTH (2026-10) for good: what changes of it later is an adjustment."""
    with ledger(settings_and_logs()) as database:
        closing = close_month(Reader(database, LOCAL_OPERATOR), tenant=tenant, month=month)
    figures = shown_figures(closing.month.figures)
    was = "is closed" if closing.is_new else "was closed before"
    click.echo(
        f"{month_text(month)} of {tenant} {was}: {counted(figures['calls'], 'call')},"
        f" {figures['cost_usd']} USD."
    )
    if figures["unpriced_calls"]:
        click.echo(
            f"{counted(figures['unpriced_calls'], 'call')} without a price; what they turn out to"
            " cost will be an adjustment.",
            err=True,
        )


@command.command("list")
@click.option("--tenant", help="Only months of this tenant.")
@_as_json
def list_command(tenant: str | None, as_json: bool) -> None:
    """List closed months."""
    with ledger(settings_and_logs()) as database:
        found = list_closed(Reader(database, LOCAL_OPERATOR), tenant=tenant, limit=_MOST)
    if as_json:
        print_json_lines([shown_closed(one) for one in found])
        return
    rows = [{**shown_closed(one), "closed_at": one.closed_at} for one in found]
    print_rows(counted(len(rows), "closed month"), rows, {**_COLUMNS, **_FIGURES})


@command.command("show")
@_month
@_tenant
@_as_json
def show_command(month: date, tenant: str, as_json: bool) -> None:
    """Show the statement of MONTH: its usage, and adjustments of months closed earlier."""
    with ledger(settings_and_logs()) as database:
        statement = statement_of(Reader(database, LOCAL_OPERATOR), tenant=tenant, month=month)
    if as_json:
        print_json_lines([shown_statement(statement)])
        return
    state = "closed" if statement.closed else "open"
    print_rows(
        f"{tenant} {month_text(month)} ({state}, {statement.time_zone})",
        _lines(statement),
        {"line": "", **_FIGURES},
    )


def _lines(statement: Statement) -> list[dict[str, Any]]:
    return [
        {"line": "usage", **shown_figures(statement.usage)},
        *(
            {"line": f"adjustment of {month_text(month)}", **shown_figures(figures)}
            for month, figures in statement.adjustments
        ),
        {"line": "total", **shown_figures(statement.total)},
    ]
