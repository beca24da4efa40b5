"""Usage times rates, exactly: integers all the way, each line item rounded once, half-even."""

from __future__ import annotations

from uuid import UUID

import msgspec

from ledger.domain.calls import Cost
from ledger.domain.money import MAX_PICO_USD, round_half_even
from ledger.domain.usage import OUTPUT_FIELDS, TOKEN_FIELDS, Usage
from ledger.pricing.rates import Rate, RateCard

_YOCTO_PER_PICO = 10**12

STAND_INS: dict[str, tuple[str, ...]] = {
    "cache_read_tokens": ("input_tokens",),
    "cache_write_5m_tokens": ("input_tokens",),
    "cache_write_1h_tokens": ("cache_write_5m_tokens", "input_tokens"),
    "reasoning_tokens": ("output_tokens",),
    "input_audio_tokens": ("input_tokens",),
    "input_image_tokens": ("input_tokens",),
    "output_audio_tokens": ("output_tokens",),
    "output_image_tokens": ("output_tokens",),
}
"""Whose rate a token type is charged at when the price has none of its own, in order."""

_INPUT = TOKEN_FIELDS.index("input_tokens")
_OUTPUT = TOKEN_FIELDS.index("output_tokens")
_IS_OUTPUT: tuple[bool, ...] = tuple(name in OUTPUT_FIELDS for name in TOKEN_FIELDS)


class LineItem(msgspec.Struct, frozen=True):
    """One token type of a call, priced."""

    token_type: str
    quantity_tokens: int
    yocto_usd_per_token: int
    pico_usd: int


class NoRate(Exception):
    """The price has no figure for a token type that the call used."""


class Tariff:
    """A rate card laid out by token type, ready to price many calls."""

    def __init__(self, card: RateCard) -> None:
        self.version: UUID = card.version
        rates = dict(card.rates)
        self._rates: tuple[Rate | None, ...] = tuple(_rate(name, rates) for name in TOKEN_FIELDS)
        self._charges_input = "input_tokens" in rates
        self._charges_output = "output_tokens" in rates
        self._whole_pico: tuple[int | None, ...] = tuple(map(_whole_pico, self._rates))

    def cost(self, usage: Usage) -> Cost:
        """Cost of one call: the sum of its line items, or unpriced with the reason."""
        counts = msgspec.structs.astuple(usage)
        if counts[_INPUT] is None or counts[_OUTPUT] is None:
            missing = self._missing_counts(counts)
            if missing is not None:
                return Cost("unpriced", None, missing)
        try:
            pico = self._whole_amount(counts)
            if pico is None:
                pico = sum(self._amounts(counts))
        except NoRate as no_rate:
            return Cost("unpriced", None, f"no_rate_for_{no_rate}")
        if pico > MAX_PICO_USD:
            return Cost("unpriced", None, "cost_out_of_range")
        return Cost("priced", pico, None, self.version)

    def _whole_amount(self, counts: tuple[int | None, ...]) -> int | None:
        """The sum where nothing needs rounding: each price a whole number of pico-dollars."""
        pico = 0
        for tokens, price in zip(counts, self._whole_pico, strict=True):
            if tokens:
                if price is None:
                    return None
                pico += tokens * price
        return pico

    def line_items(self, usage: Usage) -> list[LineItem]:
        """The items a cost is the sum of, without the types that were not used.

        Raises NoRate when a used type has no price.
        """
        counts = msgspec.structs.astuple(usage)
        total_input = _total_input(counts)
        return [
            LineItem(name, tokens, rate.unit_price(total_input), pico)
            for name, tokens, rate, pico in zip(
                TOKEN_FIELDS, counts, self._rates, self._amounts(counts), strict=True
            )
            if tokens and rate is not None
        ]

    def _amounts(self, counts: tuple[int | None, ...]) -> list[int]:
        total_input = _total_input(counts)
        amounts = []
        for name, tokens, rate in zip(TOKEN_FIELDS, counts, self._rates, strict=True):
            if not tokens:
                amounts.append(0)
                continue
            if rate is None:
                raise NoRate(name)
            price = rate.unit_price(total_input) if rate.tiers else rate.yocto_usd_per_token
            amounts.append(round_half_even(tokens * price, _YOCTO_PER_PICO))
        return amounts

    def _missing_counts(self, counts: tuple[int | None, ...]) -> str | None:
        """A side is known when its main count is, or when some of its parts were used."""
        if all(tokens is None for tokens in counts):
            return "usage_unknown"
        known_input = counts[_INPUT] is not None or _total_input(counts) > 0
        if self._charges_input and not known_input:
            return "input_tokens_unknown"
        known_output = counts[_OUTPUT] is not None or any(
            tokens for tokens, is_output in zip(counts, _IS_OUTPUT, strict=True) if is_output
        )
        if self._charges_output and not known_output:
            return "output_tokens_unknown"
        return None


def _total_input(counts: tuple[int | None, ...]) -> int:
    return sum(
        tokens
        for tokens, is_output in zip(counts, _IS_OUTPUT, strict=True)
        if tokens and not is_output
    )


def _whole_pico(rate: Rate | None) -> int | None:
    """Pico-dollars a token, where that is a whole number whatever the length of the input."""
    if rate is None or rate.tiers or rate.yocto_usd_per_token % _YOCTO_PER_PICO:
        return None
    return rate.yocto_usd_per_token // _YOCTO_PER_PICO


def _rate(name: str, rates: dict[str, Rate]) -> Rate | None:
    for candidate in (name, *STAND_INS.get(name, ())):
        if candidate in rates:
            return rates[candidate]
    return None
