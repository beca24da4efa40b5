"""Usage times rates, exactly: integers all the way, each line item rounded once, half-even."""

from __future__ import annotations

from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.calls import Cost
from ledger.domain.money import MAX_PICO_USD, round_half_even
from ledger.domain.usage import OUTPUT_FIELDS, TOKEN_FIELDS, Usage
from ledger.pricing.rates import REQUEST, Rate, RateCard

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
_inputs = itemgetter(*(place for place, is_output in enumerate(_IS_OUTPUT) if not is_output))


class _Charge(NamedTuple):
    name: str
    """The token type whose rate it is."""
    rate: Rate


class _Band(NamedTuple):
    """What each token type costs for calls of some length."""

    above_input_tokens: int
    prices: tuple[int | None, ...]
    divisor: int
    """That makes pico-dollars of the prices; 1 where none needs rounding."""


class LineItem(msgspec.Struct, frozen=True):
    """One token type of a call, or the call itself, priced."""

    token_type: str
    quantity: int
    yocto_per_unit: int
    """In the currency of the rate card, before factor and exchange rate."""
    pico_usd: int
    charged_as: str
    """The token type whose rate it was charged at: its own, or the one that stands in for it."""
    above_input_tokens: int | None = None
    """The tier it was charged at; None for the base."""


class NoRate(Exception):
    """The price has no figure for a token type that the call used."""


class Tariff:
    """A rate card laid out by token type, ready to price many calls."""

    def __init__(self, card: RateCard) -> None:
        self.version: UUID = card.version
        self.card = card
        rates = dict(card.rates)
        self._request = rates.pop(REQUEST, None)
        self._is_flat = self._request is not None and not rates
        """A price of the call and of nothing else: whatever it used is in it."""
        self._charges = tuple(_charge(name, rates) for name in TOKEN_FIELDS)
        self._charges_input = "input_tokens" in rates
        self._charges_output = "output_tokens" in rates
        self._times, by = card.multiplier
        self._yocto_per_pico = _YOCTO_PER_PICO * by
        self._request_pico = 0
        if self._request is not None:
            self._request_pico = self._pico(1, self._request.yocto_per_unit)
        starts = {tier.above_input_tokens for rate in rates.values() for tier in rate.tiers}
        self._bands = [self._band(start) for start in (-1, *sorted(starts))]

    def cost(self, usage: Usage) -> Cost:
        """Cost of one call: the sum of its line items, or unpriced with the reason."""
        counts = msgspec.structs.astuple(usage)
        if counts[_INPUT] is None or counts[_OUTPUT] is None:
            missing = self._missing_counts(counts)
            if missing is not None:
                return Cost("unpriced", None, missing)
        try:
            pico = self._amount(counts)
        except NoRate as no_rate:
            return Cost("unpriced", None, f"no_rate_for_{no_rate}")
        if pico > MAX_PICO_USD:
            return Cost("unpriced", None, "cost_out_of_range")
        return Cost("priced", pico, None, self.version)

    def _amount(self, counts: tuple[int | None, ...]) -> int:
        """The sum of what the line items are, without making them."""
        band = self._bands[0]
        if len(self._bands) > 1:
            total_input = _total_input(counts)
            for one in self._bands:
                if total_input > one.above_input_tokens:
                    band = one
        divisor, pico = band.divisor, self._request_pico
        for place, tokens in enumerate(counts):
            if tokens:
                price = band.prices[place]
                if price is None:
                    raise NoRate(TOKEN_FIELDS[place])
                amount = tokens * price
                pico += amount if divisor == 1 else round_half_even(amount, divisor)
        return pico

    def line_items(self, usage: Usage) -> list[LineItem]:
        """The items a cost is the sum of, without the types that were not used.

        Raises NoRate when a used type has no price.
        """
        counts = msgspec.structs.astuple(usage)
        total_input = _total_input(counts)
        items = []
        for name, tokens, charge in zip(TOKEN_FIELDS, counts, self._charges, strict=True):
            if not tokens or self._is_flat:
                continue
            if charge is None:
                raise NoRate(name)
            items.append(self._item(name, tokens, charge, total_input))
        if self._request is not None:
            yocto = self._request.yocto_per_unit
            items.append(LineItem(REQUEST, 1, yocto, self._request_pico, REQUEST))
        return items

    def _item(self, name: str, tokens: int, charge: _Charge, total_input: int) -> LineItem:
        tier = charge.rate.tier(total_input)
        yocto = charge.rate.yocto_per_unit if tier is None else tier.yocto_per_unit
        above = None if tier is None else tier.above_input_tokens
        pico = self._pico(tokens, yocto)
        return LineItem(name, tokens, yocto, pico, charge.name, above)

    def _pico(self, quantity: int, yocto: int) -> int:
        return round_half_even(quantity * yocto * self._times, self._yocto_per_pico)

    def _band(self, above_input_tokens: int) -> _Band:
        """The prices of calls with more input than this, up to the next band."""
        if self._is_flat:
            return _Band(above_input_tokens, (0,) * len(TOKEN_FIELDS), 1)
        exact = [
            None if charge is None else self._times * charge.rate.unit_price(above_input_tokens + 1)
            for charge in self._charges
        ]
        divisor = self._yocto_per_pico
        if any(price is not None and price % divisor for price in exact):
            return _Band(above_input_tokens, tuple(exact), divisor)
        whole = (None if price is None else price // divisor for price in exact)
        return _Band(above_input_tokens, tuple(whole), 1)

    def _missing_counts(self, counts: tuple[int | None, ...]) -> str | None:
        """A side is known when its main count is, or when some of its parts were used."""
        if self._is_flat:
            return None
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
    return sum(filter(None, _inputs(counts)))


def _charge(name: str, rates: dict[str, Rate]) -> _Charge | None:
    for candidate in (name, *STAND_INS.get(name, ())):
        if candidate in rates:
            return _Charge(candidate, rates[candidate])
    return None
