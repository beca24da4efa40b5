"""Prices of one's own: whatever they are, costs add up and no order matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.usage import TOKEN_FIELDS, Usage
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import ContractPrice, Contracts
from ledger.pricing.cost import NoRate, Tariff
from ledger.pricing.exchange import ExchangeRate, ExchangeRates
from ledger.pricing.rates import REQUEST, Rate, Tier
from tests.factories.calls import START, a_call
from tests.properties.strategies import usages

_yocto = st.integers(0, 10**20)
_moments = st.sampled_from([START + timedelta(hours=hours) for hours in (-48, -1, 0, 1, 48)])
_rates = st.builds(
    Rate,
    _yocto,
    st.lists(st.builds(Tier, st.sampled_from([1, 1000, 200_000]), _yocto), max_size=2).map(
        lambda tiers: tuple(sorted(tiers, key=lambda tier: tier.above_input_tokens))
    ),
)
_contexts = st.dictionaries(
    st.sampled_from(["service_tier", "region", "operation"]),
    st.sampled_from(["*", "batch", "standard", "eu", "chat"]),
)


@st.composite
def contract_prices(draw: st.DrawFn) -> ContractPrice:
    """Any price that can be, mostly one that concerns the calls below."""
    begins, length = draw(_moments), draw(st.none() | st.integers(1, 72))
    fields: dict[str, Any] = {}
    if draw(st.booleans()):
        fields["factor"] = draw(st.decimals(0, 3, places=4))
        fields["model"] = draw(st.sampled_from(["*", "gpt-4o-mini"]))
    else:
        names = st.sampled_from([*TOKEN_FIELDS, REQUEST])
        rates = draw(st.dictionaries(names, _rates, min_size=1))
        fields["rates"] = tuple(sorted(rates.items()))
        fields["model"] = "gpt-4o-mini"
        fields["currency"] = draw(st.sampled_from(["USD", "EUR"]))
    return ContractPrice(
        price_id=draw(st.uuids()),
        tenant=draw(st.sampled_from(["*", "acme", "globex"])),
        provider="openai",
        context=tuple(sorted(draw(_contexts).items())),
        valid_from=begins,
        valid_to=None if length is None else begins + timedelta(hours=length),
        recorded_at=draw(_moments),
        **fields,
    )


_RATES = ExchangeRates(
    [
        ExchangeRate(
            currency="EUR",
            valid_on=date(2026, 11, 1),
            usd_per_unit=Decimal("1.08713"),
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    ]
)
_prices = st.lists(contract_prices(), max_size=5, unique_by=lambda price: price.price_id)
_calls = st.builds(
    a_call,
    tenant=st.sampled_from(["acme", "initech"]),
    started_at=_moments,
    service_tier=st.sampled_from([None, "batch", "auto"]),
    region=st.sampled_from(["", "eu", "us"]),
    usage=usages(),
)


@given(_prices, _calls)
def test_a_cost_is_the_sum_of_its_line_items_and_never_negative(
    prices: list[ContractPrice], call: Any
) -> None:
    book = PriceBook(Contracts(prices), _RATES)
    cost, tariff = book.price(call), book.tariff(call)
    if not isinstance(tariff, Tariff):
        assert (cost.status, cost.reason) == ("unpriced", tariff)
        return
    try:
        items = tariff.line_items(call.usage)
    except NoRate:
        assert cost.pico_usd is None
        return
    assert all(item.pico_usd >= 0 for item in items)
    if cost.pico_usd is not None:
        assert cost.pico_usd == sum(item.pico_usd for item in items)
        assert cost.price_version == tariff.version


@given(_prices, st.lists(_calls, min_size=1, max_size=4), st.randoms())
def test_the_order_of_prices_and_of_calls_does_not_matter(
    prices: list[ContractPrice], calls: list[Any], random: Any
) -> None:
    shuffled = list(prices)
    random.shuffle(shuffled)
    one, other = PriceBook(Contracts(prices), _RATES), PriceBook(Contracts(shuffled), _RATES)
    costs = [one.price(call) for call in calls]
    assert [other.price(call) for call in reversed(calls)] == costs[::-1]
    assert [PriceBook(Contracts(prices), _RATES).price(call) for call in calls] == costs


@given(_prices, _calls)
def test_what_concerns_others_changes_nothing(prices: list[ContractPrice], call: Any) -> None:
    ours = [price for price in prices if price.tenant in ("*", call.tenant)]
    everything = PriceBook(Contracts(prices), _RATES)
    assert everything.price(call) == PriceBook(Contracts(ours), _RATES).price(call)


@given(contract_prices(), st.binary(min_size=16, max_size=16), usages())
def test_of_two_prices_that_are_alike_the_one_recorded_later_is_it(
    price: ContractPrice, other: bytes, usage: Usage
) -> None:
    """The earlier one might as well not be there."""
    call = a_call(usage=usage)
    twin = ContractPrice(
        **{
            **{name: getattr(price, name) for name in ContractPrice.__struct_fields__},
            "price_id": UUID(bytes=other),
            "recorded_at": price.recorded_at + timedelta(microseconds=1),
        }
    )
    both = PriceBook(Contracts([price, twin]), _RATES).price(call)
    assert both == PriceBook(Contracts([twin]), _RATES).price(call)
