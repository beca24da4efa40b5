"""Exact money: a call's cost is a whole number of pico-dollars (1e-12 USD)."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

PICO_PER_USD = 10**12

MAX_PICO_USD = 2**63 - 1
"""What a Postgres bigint holds: about 9.2 million dollars for one call."""

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])


def usd_from_pico(pico_usd: int | Decimal) -> Decimal:
    """Convert whole pico-dollars to USD without rounding."""
    with localcontext(_EXACT):
        return Decimal(pico_usd).scaleb(-12)


def usd_text(pico_usd: int | Decimal) -> str:
    """USD as a plain decimal string: no exponent, no trailing zeros ("0", "1.25", "0.000042")."""
    text = format(usd_from_pico(pico_usd), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def pico_from_usd(usd: Decimal) -> int:
    """Convert USD to whole pico-dollars, half-even.

    Raises ValueError for what is not finite, negative or beyond what the ledger holds.
    """
    if not usd.is_finite() or usd < 0:
        raise ValueError("an amount of money is finite and not negative")
    if usd.adjusted() > 7:
        raise ValueError("an amount beyond 9 million dollars for one call is not believed")
    pico = int(usd.scaleb(12, Context(prec=80)).to_integral_value("ROUND_HALF_EVEN"))
    if pico > MAX_PICO_USD:
        raise ValueError("an amount beyond 9 million dollars for one call is not believed")
    return pico


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide integers, rounding to the nearest integer and ties to the even one."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient
