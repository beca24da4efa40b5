from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain.money import (
    MAX_PICO_USD,
    pico_from_usd,
    round_half_even,
    usd_from_pico,
    usd_text,
)


@pytest.mark.parametrize(
    ("pico_usd", "text"),
    [
        (0, "0"),
        (1, "0.000000000001"),
        (42_000_000, "0.000042"),
        (750_000, "0.00000075"),
        (1_250_000_000_000, "1.25"),
        (10**12, "1"),
        (100 * 10**12, "100"),
        (-1_500_000_000_000, "-1.5"),
        (MAX_PICO_USD, "9223372.036854775807"),
        (1_234_567_890_123_456_789_012_345_678, "1234567890123456.789012345678"),
    ],
)
def test_usd_text_is_plain_and_exact(pico_usd: int, text: str) -> None:
    assert usd_text(pico_usd) == text


def test_usd_text_of_a_database_sum_is_the_same_as_of_an_integer() -> None:
    assert usd_text(Decimal("1250000000000")) == usd_text(1_250_000_000_000)


def test_usd_from_pico_keeps_digits_that_a_float_would_lose() -> None:
    assert usd_from_pico(10**30 + 1) == Decimal("1000000000000000000.000000000001")


@pytest.mark.parametrize(
    ("usd", "pico_usd"),
    [
        ("0", 0),
        ("-0", 0),
        ("1.25", 1_250_000_000_000),
        ("0.0000000000005", 0),
        ("0.0000000000015", 2),
        ("0.0000000000025", 2),
        ("0.00000000000250000001", 3),
        ("1e-30", 0),
        ("9223372.036854775807", MAX_PICO_USD),
    ],
)
def test_pico_from_usd_rounds_ties_to_the_even_pico_dollar(usd: str, pico_usd: int) -> None:
    assert pico_from_usd(Decimal(usd)) == pico_usd


@pytest.mark.parametrize("usd", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.01", "-1e-12"])
def test_pico_from_usd_refuses_what_is_no_amount(usd: str) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        pico_from_usd(Decimal(usd))


@pytest.mark.parametrize("usd", ["9223372.036854775808", "9300000", "1e8", "1e30", "1e999999"])
def test_pico_from_usd_refuses_more_than_the_ledger_holds(usd: str) -> None:
    with pytest.raises(ValueError, match="not believed"):
        pico_from_usd(Decimal(usd))


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 4, 2), (5, 4, 1), (0, 7, 0), (10**40 + 1, 10**40, 1)],
)
def test_round_half_even_rounds_to_the_nearest_and_ties_to_even(
    numerator: int, denominator: int, rounded: int
) -> None:
    assert round_half_even(numerator, denominator) == rounded
