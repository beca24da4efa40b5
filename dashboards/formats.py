"""How figures read: money, counts, durations, shares and changes."""

from __future__ import annotations

from decimal import Decimal

from ledger.domain.money import usd_from_pico

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_CENTS = Decimal("0.01")


def money(pico_usd: Decimal | int) -> str:
    """Dollars with cents; below one dollar up to four significant digits, so that none vanish."""
    usd = usd_from_pico(pico_usd)
    sign = MINUS if usd < 0 else ""
    usd = abs(usd)
    if usd and usd < 1:
        usd = Decimal(f"{usd:.3e}")
    if usd == 0 or usd >= 1:
        return f"{sign}${usd.quantize(_CENTS):,}"
    digits = f"{usd:f}".rstrip("0")
    return f"{sign}${digits if len(digits) >= 4 else digits.ljust(4, '0')}"


def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


def share(part: int, whole: int) -> str:
    """A percentage; what is more than nothing never reads as nothing."""
    if whole == 0:
        return "\N{EN DASH}"
    percent = part / whole * 100
    if 0 < percent < 0.01:
        return f"<0.01{THIN_SPACE}%"
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
