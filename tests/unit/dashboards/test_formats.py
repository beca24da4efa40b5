from __future__ import annotations

from decimal import Decimal

import pytest

from dashboards.formats import (
    MINUS,
    THIN_SPACE,
    count,
    duration,
    money,
    money_change,
    percent_change,
    share,
)

DASH = "\N{EN DASH}"
USD = 10**12


@pytest.mark.parametrize(
    ("pico_usd", "text"),
    [
        (0, "$0.00"),
        (1_234_567_890_000_000_000, "$1,234,567.89"),
        (12_345_678_901 * USD, "$12,345,678,901.00"),
        (USD, "$1.00"),
        (1_005_000_000_000, "$1.00"),
        (1_999_999_999_999, "$2.00"),
        (4_213_000_000, "$0.004213"),
        (4_213_499_999, "$0.004213"),
        (123_456_789_000, "$0.1235"),
        (750_000, "$0.00000075"),
        (-4_213_000_000, f"{MINUS}$0.004213"),
        (-1_500_000_000_000, f"{MINUS}$1.50"),
    ],
)
def test_money_has_cents_from_a_dollar_on_and_four_digits_below(pico_usd: int, text: str) -> None:
    assert money(pico_usd) == text


@pytest.mark.parametrize("pico_usd", [999_960_000_000, 999_999_999_999])
def test_money_that_rounds_to_a_dollar_reads_like_a_dollar(pico_usd: int) -> None:
    assert money(pico_usd) == "$1.00"


@pytest.mark.parametrize("pico_usd", [1, 750_000, 4_213_000_000])
def test_a_small_amount_never_reads_as_nothing(pico_usd: int) -> None:
    assert Decimal(money(pico_usd).removeprefix("$")) == Decimal(pico_usd) / USD


def test_money_of_a_database_sum_reads_the_same() -> None:
    assert money(Decimal(4_213_000_000)) == money(4_213_000_000)


def test_counts_have_thousands_separators() -> None:
    assert [count(0), count(999), count(1_234_567)] == ["0", "999", "1,234,567"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, DASH),
        (0.0, "0 ms"),
        (0.84, "840 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (3.2, "3.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 0 s"),
        (130, "2 m 10 s"),
        (119.6, "2 m 0 s"),
        (3600, "60 m 0 s"),
    ],
)
def test_durations_read_in_milliseconds_seconds_and_minutes(
    seconds: float | None, text: str
) -> None:
    shown = duration(seconds)
    assert shown.replace(THIN_SPACE, " ") == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, DASH),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 8, "12 %"),
        (1, 40, "2.5 %"),
        (1, 1000, "0.10 %"),
    ],
)
def test_shares_read_in_percent(part: int, whole: int, text: str) -> None:
    assert share(part, whole).replace(THIN_SPACE, " ") == text


@pytest.mark.parametrize("whole", [20_001, 1_000_000, 10**9])
def test_a_share_that_is_more_than_nothing_does_not_read_as_nothing(whole: int) -> None:
    shown = share(1, whole).removesuffix(f"{THIN_SPACE}%").removeprefix("<")
    assert float(shown) > 0


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (5, 0, None),
        (150, 100, "+50.0 %"),
        (50, 100, f"{MINUS}50.0 %"),
        (0, 100, f"{MINUS}100.0 %"),
        (100, 100, "\N{PLUS-MINUS SIGN}0.0 %"),
        (2500, 100, "25\N{MULTIPLICATION SIGN}"),
    ],
)
def test_changes_carry_their_sign(now: int, before: int, text: str | None) -> None:
    shown = percent_change(now, before)
    assert (shown and shown.replace(THIN_SPACE, " ")) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(3 * USD, USD, "+$2.00"), (USD, 3 * USD, f"{MINUS}$2.00"), (USD, USD, "$0.00")],
)
def test_money_changes_carry_their_sign(now: int, before: int, text: str) -> None:
    assert money_change(now, before) == text
