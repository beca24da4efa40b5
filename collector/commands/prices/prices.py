"""`tollbook prices`: prices of one's own, and what other currencies are worth."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from collector.commands.listing import print_json_lines, print_rows
from collector.commands.prices.catalog import catalog_command
from collector.commands.prices.options import ContextOption, Figure, Moment, RateOption
from collector.commands.revisions.reprice import command as reprice_command
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.exchange_rates import add_exchange_rate
from ledger.commands.prices import add_price, withdraw_price
from ledger.pricing.catalog import find_model
from ledger.pricing.forms import PriceForm, RateForm
from ledger.queries.pricing.exchange_rates import list_exchange_rates
from ledger.queries.pricing.prices import PriceFilter, list_prices
from ledger.queries.reader import Reader

_COLUMNS = {
    "price_id": "price",
    "tenant": "tenant",
    "provider": "provider",
    "model": "model",
    "context": "context",
    "figures": "price",
    "valid_from": "from (UTC)",
    "valid_to": "to (UTC)",
    "note": "note",
}
_RATE_COLUMNS = {
    "currency": "currency",
    "valid_on": "day",
    "usd_per_unit": "USD a unit",
    "source": "source",
    "recorded_at": "recorded (UTC)",
}
_MOST = 100_000
_as_json = click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")


@click.group("prices")
def command() -> None:
    """Prices of your own: contracts, surcharges, models that no catalog knows."""


command.add_command(catalog_command)


@command.command("list")
@click.option("--tenant", help="Only what holds for this tenant.")
@click.option("--provider", help="Only this provider.")
@click.option("--model", help="Only this model.")
@click.option("--at", type=Moment(), help="Only what holds for calls that start then.")
@click.option("--known-at", type=Moment(), help="As it was known then; unset: now.")
@click.option("--withdrawn", "with_withdrawn", is_flag=True, help="Withdrawn ones, too.")
@_as_json
def list_command(as_json: bool, **wanted: Any) -> None:
    """List prices."""
    with ledger(settings_and_logs()) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        rows = list_prices(reader, PriceFilter(**wanted), limit=_MOST)
    if as_json:
        print_json_lines(rows)
        return
    shown = [{**row, "context": _words(row["context"]), "figures": _figures(row)} for row in rows]
    print_rows(counted(len(rows), "price"), shown, _COLUMNS)


@command.command("set")
@click.argument("model")
@click.option("--tenant", required=True, help="Whose price it is; '*': everybody's.")
@click.option("--provider", required=True, help="Who serves the model.")
@click.option(
    "--rate",
    "rates",
    multiple=True,
    type=RateOption(),
    help="What a million tokens of a type cost: input=2.50; with a tier input=2.50,200000:5;"
    " for each call request=0.01. Repeat it.",
)
@click.option("--factor", type=Figure(), help="Instead of rates: the catalog's price times this.")
@click.option("--currency", default="USD", help="Of the rates.")
@click.option(
    "--context",
    multiple=True,
    type=ContextOption(),
    help="Only calls with this service_tier, region or operation: service_tier=batch. Repeat it.",
)
@click.option("--valid-from", type=Moment(), required=True, help="For calls that start then on.")
@click.option("--valid-to", type=Moment(), help="Until then, exclusive; unset: until further.")
@click.option("--replaces", type=click.UUID, help="Withdraw this price at the same moment.")
@click.option("--note", default=None, help="What people should know, such as the contract.")
def set_command(
    rates: tuple[tuple[str, RateForm], ...],
    context: tuple[tuple[str, str], ...],
    replaces: UUID | None,
    **options: Any,
) -> None:
    """Set the price of MODEL; '*' is every model of the provider, with a factor."""
    form = PriceForm(rates=dict(rates) or None, context=dict(context), **options)
    with ledger(settings_and_logs()) as database:
        added = add_price(Reader(database, LOCAL_OPERATOR), form, replaces=replaces)
    click.echo(f"Price {added['price_id']} holds within seconds for calls that come in.")
    if form.factor is not None and form.model != "*" and not find_model(form.provider, form.model):
        click.echo(
            f"The price catalog knows no {form.model} of {form.provider}: a factor of nothing"
            " leaves its calls unpriced.",
            err=True,
        )


@command.command("withdraw")
@click.argument("price_id", type=click.UUID)
def withdraw_command(price_id: UUID) -> None:
    """Withdraw a price; what was booked with it stays."""
    with ledger(settings_and_logs()) as database:
        withdraw_price(Reader(database, LOCAL_OPERATOR), price_id)
    click.echo(f"Price {price_id} is withdrawn.")


@command.command("rate")
@click.argument("currency")
@click.argument("usd_per_unit", type=Figure())
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="UTC day.")
@click.option("--source", default=None, help="Who said so, such as ECB.")
def rate_command(currency: str, usd_per_unit: Decimal, day: datetime, source: str | None) -> None:
    """Say how many dollars one unit of CURRENCY was worth on a day."""
    with ledger(settings_and_logs()) as database:
        add_exchange_rate(
            Reader(database, LOCAL_OPERATOR),
            currency=currency,
            valid_on=day.date(),
            usd_per_unit=usd_per_unit,
            source=source,
        )
    click.echo(f"1 {currency} was {usd_per_unit} USD on {day.date()}.")


@command.command("rates")
@click.option("--currency", help="Only this one.")
@_as_json
def rates_command(currency: str | None, as_json: bool) -> None:
    """List exchange rates, the latest first."""
    with ledger(settings_and_logs()) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        rows = list_exchange_rates(reader, currency=currency, limit=_MOST)
    if as_json:
        print_json_lines(rows)
    else:
        print_rows(counted(len(rows), "exchange rate"), rows, _RATE_COLUMNS)


command.add_command(reprice_command)


def _words(context: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(context.items()))


def _figures(row: dict[str, Any]) -> str:
    if row["factor"] is not None:
        return f"catalog x {row['factor']}"
    figures = [
        f"{name} {rate.get('each') or rate['per_million']}"
        + "".join(
            f" (above {tier['above_input_tokens']}: {tier['per_million']})"
            for tier in rate.get("tiers", ())
        )
        for name, rate in sorted(row["rates"].items())
    ]
    return f"{row['currency']} {', '.join(figures)}"
