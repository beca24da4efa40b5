"""Prices in other currencies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.domain.calls import Cost
from ledger.domain.usage import Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import Contracts
from ledger.pricing.cost import Tariff
from ledger.pricing.exchange import ExchangeRate, ExchangeRates
from tests.factories.calls import a_call
from tests.factories.prices import a_price, rates

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
EUROS = Contracts([a_price(currency="EUR", rates=rates(input="2", output="3"))])


def a_rate(day: int, usd: str, recorded_at: datetime = EARLY) -> ExchangeRate:
    return ExchangeRate(
        currency="EUR",
        valid_on=date(2026, 11, day),
        usd_per_unit=Decimal(usd),
        recorded_at=recorded_at,
    )


def price(book: PriceBook, day: int, hour: int = 9) -> Cost:
    return book.price(a_call(started_at=datetime(2026, 11, day, hour, tzinfo=UTC)))


def test_a_price_in_euros_costs_dollars_at_the_days_rate() -> None:
    """(1,000 x 2 EUR/M + 100 x 3 EUR/M) x 1.0871."""
    book = PriceBook(EUROS, ExchangeRates([a_rate(2, "1.0871")]))
    assert price(book, 2).pico_usd == 2_500_330_000


@pytest.mark.parametrize(("day", "pico"), [(2, 2_300_000_000), (9, 2_300_000_000)])
def test_the_last_rate_holds_for_seven_days(day: int, pico: int) -> None:
    assert price(PriceBook(EUROS, ExchangeRates([a_rate(2, "1")])), day).pico_usd == pico


@pytest.mark.parametrize("day", [1, 10])
def test_without_a_rate_of_the_week_the_call_is_unpriced(day: int) -> None:
    book = PriceBook(EUROS, ExchangeRates([a_rate(2, "1")]))
    assert price(book, day) == Cost("unpriced", None, "no_exchange_rate_for_EUR")


def test_of_one_day_the_rate_that_was_recorded_last_holds() -> None:
    both = [a_rate(2, "2", LATE), a_rate(2, "1", EARLY)]
    for listed in (both, both[::-1]):
        assert price(PriceBook(EUROS, ExchangeRates(listed)), 2).pico_usd == 4_600_000_000


def test_each_day_has_its_rate() -> None:
    book = PriceBook(EUROS, ExchangeRates([a_rate(2, "1"), a_rate(3, "2")]))
    amounts = [price(book, *at).pico_usd for at in ((2, 23), (3, 0), (2, 23))]
    assert amounts == [2_300_000_000, 4_600_000_000, 2_300_000_000]


def test_the_version_covers_the_rate_and_its_day() -> None:
    versions = {
        price(PriceBook(EUROS, ExchangeRates([a_rate(day, usd)])), 3).price_version
        for day, usd in ((2, "1.1"), (2, "1.10"), (2, "1.2"), (3, "1.1"))
    }
    assert len(versions) == 3


def test_a_line_item_is_rounded_once_after_the_exchange() -> None:
    """1 x 0.000001 EUR/M x 1.5 is 1.5 pico-dollars, which goes to the even 2; 2.5 goes to 2."""
    contract = Contracts([a_price(currency="EUR", rates=rates(input="0.000001", output="0"))])
    for usd, pico in (("1.5", 2), ("2.5", 2), ("2.500001", 3)):
        book = PriceBook(contract, ExchangeRates([a_rate(2, usd)]))
        call = a_call(usage=Usage(input_tokens=1, output_tokens=0))
        assert book.price(call).pico_usd == pico


def test_the_explanation_keeps_the_currency() -> None:
    book = PriceBook(EUROS, ExchangeRates([a_rate(2, "1.0871")]))
    call = a_call()
    tariff = book.tariff(call)
    assert isinstance(tariff, Tariff)
    assert tariff.card.currency == "EUR"
    assert tariff.card.exchange is not None
    assert (tariff.card.exchange.usd_per_unit, tariff.card.exchange.valid_on) == (
        Decimal("1.0871"),
        date(2026, 11, 2),
    )
    assert [item.pico_usd for item in tariff.line_items(call.usage)] == [
        2_174_200_000,
        326_130_000,
    ]
