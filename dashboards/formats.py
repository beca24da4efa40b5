"""How figures read: money, counts, durations, shares and changes."""

from __future__ import annotations

from decimal import Decimal

from ledger.domain.money import usd_from_pico

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_CENTS = Decimal("0.01")


def money(pico_usd: Decimal | int) -> str:
    """Dollars with cents; below one dollar four significant digits, so that cents do not vanish."""
    usd = usd_from_pico(pico_usd)
    sign = MINUS if usd < 0 else ""
    usd = abs(usd)
    if usd == 0 or usd >= 1:
        return f"{sign}${usd.quantize(_CENTS):,}"
    places = 3 - usd.adjusted()
    return f"{sign}${usd:.{places}f}"


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def share(part: int, whole: int) -> str:
    """A percentage with as many decimals as it needs to be more than nothing."""
    if whole == 0:
        return "\N{EN DASH}"
    percent = part / whole * 100
    decimals = 0 if percent == 0 or percent >= 10 else 1 if percent >= 1 else 2
    return f"{percent:.{decimals}f}{THIN_SPACE}%"


def duration(seconds: float | None) -> str:
    """`840 ms`, `3.2 s`, `2 m 10 s`."""
    if seconds is None:
        return "\N{EN DASH}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}{THIN_SPACE}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}{THIN_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{THIN_SPACE}m {rest}{THIN_SPACE}s"


def percent_change(now: Decimal | int, before: Decimal | int) -> str | None:
    """Signed change in percent; None when there was nothing before."""
    if before == 0:
        return None
    change = (Decimal(now) - Decimal(before)) / Decimal(before) * 100
    if abs(change) >= 1000:
        return f"{Decimal(now) / Decimal(before):,.0f}\N{MULTIPLICATION SIGN}"
    sign = "+" if change > 0 else MINUS if change < 0 else "\N{PLUS-MINUS SIGN}"
    return f"{sign}{abs(change):.1f}{THIN_SPACE}%"


def money_change(now: Decimal | int, before: Decimal | int) -> str:
    """Signed change in dollars."""
    change = Decimal(now) - Decimal(before)
    return f"+{money(change)}" if change > 0 else money(change)
