from __future__ import annotations

from datetime import datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.domain.usage import NO_USAGE, TOKEN_FIELDS, Usage, usage_from_inclusive
from ledger.pricing.book import PriceBook
from ledger.pricing.catalog import find_model, rate_card
from ledger.pricing.cost import NoRate, Tariff
from tests.factories.calls import a_call
from tests.properties.strategies import few_tokens, models, moments, usages

BOOK = PriceBook()


def tariff_of(model: tuple[str, str], at: datetime) -> Tariff:
    found = find_model(*model)
    assert found is not None
    return Tariff(rate_card(*found, None, at))


@given(models, moments, usages())
def test_a_cost_is_the_sum_of_line_items_that_are_never_negative(
    model: tuple[str, str], at: datetime, usage: Usage
) -> None:
    tariff = tariff_of(model, at)
    cost = tariff.cost(usage)
    try:
        items = tariff.line_items(usage)
    except NoRate:
        assert cost.pico_usd is None
        return
    assert all(item.pico_usd >= 0 for item in items)
    assert {(item.token_type, item.quantity) for item in items} == {
        (name, tokens) for name, tokens in usage.reported() if tokens
    }
    if cost.status == "priced":
        assert cost.pico_usd == sum(item.pico_usd for item in items)


@given(models, moments, usages(), st.sampled_from([None, "batch", "priority", "scale", "fast"]))
def test_a_cost_is_priced_with_its_version_or_unpriced_with_a_reason(
    model: tuple[str, str], at: datetime, usage: Usage, tier: str | None
) -> None:
    provider, name = model
    call = a_call(provider=provider, model=name, started_at=at, usage=usage, service_tier=tier)
    cost = BOOK.price(call)
    if cost.status == "priced":
        assert cost.pico_usd is not None
        assert cost.price_version is not None
    else:
        assert (cost.status, cost.pico_usd) == ("unpriced", None)
        assert cost.reason


@given(models, moments, usages())
def test_a_book_that_remembers_prices_like_a_fresh_one(
    model: tuple[str, str], at: datetime, usage: Usage
) -> None:
    call = a_call(provider=model[0], model=model[1], started_at=at, usage=usage)
    assert BOOK.price(call) == PriceBook().price(call)


@given(models, moments, usages(), st.sampled_from(TOKEN_FIELDS), st.integers(1, 1000))
def test_more_tokens_never_cost_less(
    model: tuple[str, str], at: datetime, usage: Usage, name: str, more: int
) -> None:
    tariff = tariff_of(model, at)
    counts = dict(usage.reported())
    larger = Usage(**{**counts, name: counts.get(name, 0) + more})
    before, after = tariff.cost(usage).pico_usd, tariff.cost(larger).pico_usd
    assume(before is not None and after is not None)
    assert before is not None
    assert after is not None
    assert after >= before


@given(models, moments, few_tokens, few_tokens, few_tokens, few_tokens, few_tokens)
def test_a_call_costs_the_same_in_inclusive_and_in_disjoint_form(
    model: tuple[str, str],
    at: datetime,
    fresh: int,
    read: int,
    written: int,
    said: int,
    thought: int,
) -> None:
    disjoint = Usage(
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        output_tokens=said,
        reasoning_tokens=thought,
    )
    inclusive = usage_from_inclusive(
        input_tokens=fresh + read + written,
        output_tokens=said + thought,
        cache_read=read,
        cache_write=written,
        reasoning=thought,
    )
    assert inclusive == disjoint
    tariff = tariff_of(model, at)
    assert tariff.cost(inclusive) == tariff.cost(disjoint)


@given(models, moments)
def test_a_call_without_usage_is_never_free(model: tuple[str, str], at: datetime) -> None:
    assert tariff_of(model, at).cost(NO_USAGE).pico_usd is None
