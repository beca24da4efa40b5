from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.money import (
    MAX_PICO_USD,
    PICO_PER_USD,
    pico_from_usd,
    round_half_even,
    usd_from_pico,
    usd_text,
)


@given(st.integers(0, MAX_PICO_USD))
def test_an_amount_survives_its_way_to_text_and_back(pico_usd: int) -> None:
    text = usd_text(pico_usd)
    assert pico_from_usd(Decimal(text)) == pico_usd
    assert "E" not in text
    assert text == "0" or not text.endswith(".")


@given(st.lists(st.integers(-(10**30), 10**30), max_size=20))
def test_sums_in_dollars_are_sums_in_pico_dollars(amounts: list[int]) -> None:
    dollars = [Fraction(usd_from_pico(amount)) for amount in amounts]
    assert sum(dollars) == Fraction(sum(amounts), PICO_PER_USD)


@given(st.integers(0, 10**40), st.integers(1, 10**20))
def test_rounding_is_pythons_own_half_even(numerator: int, denominator: int) -> None:
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.decimals(min_value=0, max_value=9_000_000, places=20))
def test_dollars_are_rounded_to_the_nearest_pico_dollar(usd: Decimal) -> None:
    assert pico_from_usd(usd) == round(Fraction(usd) * PICO_PER_USD)


@given(st.decimals())
def test_any_decimal_becomes_an_amount_or_a_value_error(usd: Decimal) -> None:
    if usd.is_finite() and 0 <= usd < 9_000_000:
        assert 0 <= pico_from_usd(usd) <= MAX_PICO_USD
    elif not usd.is_finite() or usd < 0 or usd > 9_300_000:
        with pytest.raises(ValueError, match="amount"):
            pico_from_usd(usd)
