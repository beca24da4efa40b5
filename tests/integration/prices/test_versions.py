"""What a cost names is recorded first, and read back exactly as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from exporters.postgres.pricer import Pricer
from ledger.commands.exchange_rates import add_exchange_rate
from ledger.commands.prices import add_price, withdraw_price
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import Contracts
from ledger.pricing.cost import Tariff
from ledger.pricing.exchange import ExchangeRate, ExchangeRates
from ledger.pricing.forms import PriceForm
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from ledger.storage.prices.versions import read_price_version, record_price_versions
from tests.factories.calls import START, a_call
from tests.factories.prices import ALWAYS, a_price, rates

_RATES = ExchangeRates(
    [
        ExchangeRate(
            currency="EUR",
            valid_on=date(2026, 11, 1),
            usd_per_unit=Decimal("1.08710"),
            recorded_at=ALWAYS,
        )
    ]
)


def test_every_kind_of_card_is_read_back_as_it_was(database: Database) -> None:
    books = [
        PriceBook(),
        PriceBook(Contracts([a_price(1, factor=Decimal("0.80"))])),
        PriceBook(Contracts([a_price(2, currency="EUR", valid_from=START)]), _RATES),
        PriceBook(Contracts([a_price(3, rates=rates(input="1", request="0.01"))])),
    ]
    calls = [
        a_call(),
        a_call(service_tier="batch"),
        a_call(
            provider="anthropic",
            model="claude-opus-4-6",
            started_at=datetime(2026, 3, 13, tzinfo=UTC),
        ),
    ]
    cards = [
        tariff.card
        for book in books
        for call in calls
        if isinstance(tariff := book.tariff(call), Tariff)
    ]
    assert len({card.version for card in cards}) == 7
    record_price_versions(database, cards)
    with database.transaction("tollbook_app", "*") as connection:
        for card in cards:
            assert _read(connection, card.version) == (card.version, card)


def _read(connection: Connection, version: object) -> tuple[object, object]:
    card = read_price_version(connection, version)  # type: ignore[arg-type]
    assert card is not None
    return card.version, card


def test_calls_are_priced_as_it_was_known_at_a_moment(database: Database, reader: Reader) -> None:
    form = PriceForm(
        tenant="acme",
        provider="openai",
        model="gpt-4o-mini",
        currency="EUR",
        rates=rates(input="1", output="2"),
        valid_from=ALWAYS,
    )
    rate = {"currency": "EUR", "valid_on": date(2026, 11, 2)}
    add_exchange_rate(reader, **rate, usd_per_unit=Decimal(1))  # type: ignore[arg-type]
    first = add_price(reader, form)
    corrected = add_exchange_rate(reader, **rate, usd_per_unit=Decimal(2))  # type: ignore[arg-type]
    withdrawn = withdraw_price(reader, first["price_id"])
    pricer = Pricer(database)
    amounts = [
        pricer.as_known_at(at)([a_call()])[0].pico_usd
        for at in (first["recorded_at"], corrected["recorded_at"], withdrawn["withdrawn_at"])
    ]
    assert amounts == [1_200_000_000, 2_400_000_000, 210_000_000]
    assert pricer.price(a_call()).pico_usd == 210_000_000
