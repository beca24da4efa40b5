"""`tollbook budgets`: what may be spent, and how much of it was."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, get_args
from uuid import UUID

import click

from collector.api.budgets.figures import whole_budget, with_figures
from collector.api.budgets.shapes import PostedBudget
from collector.commands.budgets import channels
from collector.commands.budgets.lines import print_budget, print_budgets
from collector.commands.listing import print_json_lines
from collector.commands.surroundings import ledger, settings_and_logs
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.budgets.filler import fill_all
from ledger.commands.budgets.setting import create_budget, end_budget
from ledger.domain.budgets.budget import Action, Fail, PeriodKind, Unpriceable
from ledger.queries.budgets.lists import budget_of_id, list_budgets, zone_of_tenant
from ledger.queries.reader import Reader
from ledger.storage.database import Database

_MOST = 100_000
_MOST_VALUES = 100

_as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")


class _Money(click.ParamType[Decimal]):
    name = "usd"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            return Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)


@click.group("budgets")
def command() -> None:
    """Budgets: what may be spent, and how much of it was."""


command.add_command(channels.command)


@command.command("list")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--ended", is_flag=True, help="Those that have ended, too.")
@_as_json
def list_command(tenant: str | None, *, ended: bool, as_json: bool) -> None:
    """List budgets with what was spent in their present period."""
    with ledger(settings_and_logs()) as database, _reader(database).connection() as connection:
        found = list_budgets(connection, tenant=tenant, ended=ended, limit=_MOST)
        rows = with_figures(connection, found, datetime.now(UTC))
    if as_json:
        print_json_lines(rows)
    else:
        print_budgets(rows)


@command.command("create")
@click.argument("name")
@click.option("--scope", "scope", multiple=True, metavar="DIMENSION=VALUE",
              help="Whose calls count; '*': one budget for each value. Repeatable.")  # fmt: skip
@click.option("--usd", "amount_usd", type=_Money(), help="What a period allows, in dollars.")
@click.option("--tokens", "amount_tokens", type=int, help="What a period allows, in tokens.")
@click.option("--period", type=click.Choice(get_args(PeriodKind)), default="month",
              show_default=True)  # fmt: skip
@click.option("--window-seconds", type=int, help="How long a rolling period is.")
@click.option("--time-zone", help="Whose clocks begin a period; unset: the tenant's.")
@click.option("--action", type=click.Choice(get_args(Action)), default="notify", show_default=True)
@click.option("--threshold", "thresholds", type=_Money(), multiple=True,
              help="A share of the amount at which people are told. Repeatable.")  # fmt: skip
@click.option("--fail", type=click.Choice(get_args(Fail)), default="open", show_default=True,
              help="Whether calls are admitted while the ledger is away.")  # fmt: skip
@click.option("--unpriceable", type=click.Choice(get_args(Unpriceable)), default="admit",
              show_default=True, help="What happens to calls that have no price.")  # fmt: skip
@click.option("--rollover-cap-usd", type=_Money(),
              help="How much of what a period leaves the next one gets.")  # fmt: skip
@click.option("--channel", "channels", type=click.UUID, multiple=True,
              help="Id of a channel that notices go to; unset: its tenant's.")  # fmt: skip
@_as_json
def create_command(name: str, scope: tuple[str, ...], *, as_json: bool, **options: Any) -> None:
    """Set the budget NAME, and count the calls from before."""
    options["thresholds"] = list(options["thresholds"]) or None
    options["channels"] = list(options["channels"])
    posted = PostedBudget(name=name, scope=_scope(scope), **options)
    settings = settings_and_logs()
    with ledger(settings) as database:
        reader = _reader(database)
        with reader.connection() as connection:
            zone = zone_of_tenant(connection, posted.tenant) or settings.time_zone
        budget = posted.budget(time_zone=zone, by=reader.principal.name, now=datetime.now(UTC))
        create_budget(reader, budget)
        fill_all(database)
        _show(reader, budget.budget_id, as_json=as_json)


@command.command("show")
@click.argument("budget_id", type=click.UUID)
@_as_json
def show_command(budget_id: UUID, *, as_json: bool) -> None:
    """Show a budget, and the values that used most of it."""
    with ledger(settings_and_logs()) as database:
        _show(_reader(database), budget_id, as_json=as_json)


@command.command("end")
@click.argument("budget_id", type=click.UUID)
def end_command(budget_id: UUID) -> None:
    """End a budget: it holds nothing back any more; what it counted stays to be read."""
    with ledger(settings_and_logs()) as database:
        budget = end_budget(_reader(database), budget_id)
    click.echo(f"The budget {budget.name!r} has ended.")


def _reader(database: Database) -> Reader:
    return Reader(database, LOCAL_OPERATOR)


def _show(reader: Reader, budget_id: UUID, *, as_json: bool) -> None:
    with reader.connection() as connection:
        budget = budget_of_id(connection, budget_id)
        shown = whole_budget(connection, budget, datetime.now(UTC), limit=_MOST_VALUES)
    if as_json:
        print_json_lines([shown])
    else:
        print_budget(shown)


def _scope(written: tuple[str, ...]) -> dict[str, str]:
    scope = {}
    for one in written:
        name, sign, value = one.partition("=")
        if not sign:
            raise click.BadParameter(f"{one!r} is not DIMENSION=VALUE", param_hint="--scope")
        scope[name] = value
    return scope
