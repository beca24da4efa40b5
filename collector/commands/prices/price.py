"""`tollbook price`: what a call would cost, line by line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from collector.api.money.shown import shown_items
from collector.commands.listing import print_rows
from collector.commands.prices.options import Moment
from collector.commands.surroundings import ledger, settings_and_logs
from ledger.access.principals import LOCAL_OPERATOR
from ledger.domain.calls import UNKNOWN_PROVIDER, Call, Cost
from ledger.domain.money import usd_text
from ledger.domain.usage import TOKEN_FIELDS, Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.catalog import infer_provider
from ledger.pricing.charging import MODEL_UNKNOWN
from ledger.pricing.unpriced.reasons import advice_for
from ledger.pricing.unpriced.suggestions import suggestions
from ledger.queries.aliases import AliasBook
from ledger.queries.pricing.call_costs import known_models
from ledger.queries.pricing.in_force import newest_catalog, own_prices, put_to_use
from ledger.queries.reader import Reader

_COLUMNS = {
    "token_type": "type",
    "quantity": "quantity",
    "unit_price_usd": "USD each",
    "factor": "x",
    "cost_usd": "USD",
    "charged_as": "rate of",
    "above_input_tokens": "tier above",
}


def _token_options(function: Callable[..., None]) -> Callable[..., None]:
    for name in reversed(TOKEN_FIELDS):
        option = f"--{name.replace('_', '-')}"
        function = click.option(option, type=click.IntRange(0), help="Tokens.")(function)
    return function


@click.command("price")
@click.argument("model")
@click.option("--provider", default=None, help="Who serves it; unset: inferred from the name.")
@click.option("--tenant", default="", help="Whose call it is; unset: everybody's prices.")
@click.option("--at", type=Moment(), default=None, help="When the call starts; unset: now.")
@click.option("--known-at", type=Moment(), default=None, help="By the prices known then.")
@click.option("--service-tier", default=None, help="batch, flex, priority ...")
@click.option("--region", default="")
@click.option("--operation", default="chat", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_token_options
def command(
    model: str, provider: str | None, known_at: datetime | None, as_json: bool, **said: Any
) -> None:
    """Explain what a call of MODEL costs."""
    call = Call(
        id="a-price",
        provider=provider or infer_provider(model) or UNKNOWN_PROVIDER,
        model=model,
        started_at=said.pop("at") or datetime.now(UTC),
        usage=Usage(**{name: said.pop(name) for name in TOKEN_FIELDS}),
        **said,
    )
    with ledger(settings_and_logs()) as database:
        reader = Reader(database, LOCAL_OPERATOR)
        answer = _answer(reader, AliasBook(reader).current().resolve(call), known_at)
    if as_json:
        click.echo(msgspec.json.encode(answer).decode())
    else:
        _show(answer)


def _answer(reader: Reader, call: Call, known_at: datetime | None) -> dict[str, Any]:
    with reader.connection() as connection:
        fetched = newest_catalog(connection)
        contracts, exchange_rates = own_prices(connection, known_at)
    if fetched is not None:
        put_to_use(fetched)
    book = PriceBook(contracts, exchange_rates)
    cost, tariff = book.price(call), book.tariff(call)
    answer: dict[str, Any] = {
        **{name: getattr(call, name) for name in ("tenant", "provider", "model", "started_at")},
        "cost_usd": None if cost.pico_usd is None else usd_text(cost.pico_usd),
        "status": cost.status,
        "reason": cost.reason,
        "advice": advice_for(cost.reason),
        "line_items": [],
        "suggestions": _likely(reader, call, cost),
    }
    if not isinstance(tariff, str) and cost.price_version is not None:
        items = tariff.line_items(call.usage)
        answer["line_items"] = shown_items(tariff.card, items, tariff.version)
    return answer


def _likely(reader: Reader, call: Call, cost: Cost) -> list[dict[str, Any]]:
    if cost.reason != MODEL_UNKNOWN:
        return []
    own = known_models(reader, call.tenant)
    return [one._asdict() for one in suggestions(call.provider, call.model, own)]


def _show(answer: dict[str, Any]) -> None:
    at = answer["started_at"].strftime("%Y-%m-%d %H:%M:%S")
    click.echo(f"{answer['model']} of {answer['provider']}, {at} UTC")
    items = answer["line_items"]
    if items:
        print_rows("line items", items, _COLUMNS)
        first = items[0]
        since = f", from {first['valid_from']}" if first["valid_from"] else ""
        click.echo(f"{first['source']}{since}; version {first['price_version']}")
        if first["currency"] != "USD":
            click.echo(
                f"in {first['currency']} at {first['usd_per_unit']} USD of {first['exchanged_on']}"
            )
    if answer["reason"] is None:
        click.echo(f"{answer['status']}: ${answer['cost_usd']}")
    else:
        click.echo(f"{answer['status']} ({answer['reason']}): {answer['advice']}")
    for one in answer["suggestions"]:
        click.echo(f"  perhaps {one['model']} of {one['provider']}: {one['reason']}")
