"""What other currencies are worth in US dollars, day by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from ledger.pricing.rates import Exchange

OLDEST = timedelta(days=7)
"""A rate holds until the next one, but no longer: over weekends and holidays there is none."""


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True):
    """A currency's rate of one day, as it was known from a moment on."""

    currency: str
    valid_on: date
    usd_per_unit: Decimal
    recorded_at: datetime


class ExchangeRates:
    """The rates of all days; of one day the last that was recorded."""

    def __init__(self, rates: Iterable[ExchangeRate] = ()) -> None:
        self._rates: dict[str, list[Exchange]] = {}
        latest = {
            (rate.currency, rate.valid_on): rate
            for rate in sorted(rates, key=lambda rate: (rate.recorded_at, rate.usd_per_unit))
        }
        for (currency, day), rate in sorted(latest.items()):
            self._rates.setdefault(currency, []).append(Exchange(rate.usd_per_unit, day))

    def on(self, currency: str, day: date) -> Exchange | None:
        """What a currency was worth on a UTC day: the rate of that day or of the last before it.

        None where there is none of that day or the seven before.
        """
        rates = self._rates.get(currency, [])
        place = bisect_right(rates, day, key=lambda rate: rate.valid_on)
        if not place or day - rates[place - 1].valid_on > OLDEST:
            return None
        return rates[place - 1]
