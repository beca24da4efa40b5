"""How many calls a second one core prices, with prices of one's own and without.

`python -m benchmarks.pricing`. The calls are those of the other benchmarks; the goal is 300,000.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks.load.calls import Mix, call_at
from benchmarks.load.json_bodies import ndjson_body
from collector.receivers import calls_json
from collector.receivers.received import Received
from ledger.domain.calls import Call
from ledger.pricing.book import PriceBook
from ledger.pricing.contracts import ContractPrice, Contracts
from ledger.pricing.exchange import ExchangeRate, ExchangeRates
from ledger.pricing.rates import Rate

GOAL_CALLS_A_SECOND = 300_000
_CALLS = 20_000
_ROUNDS = 7
_LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def main() -> None:
    """Price the same calls by several books; the quickest of several rounds is shown."""
    calls = _calls()
    print(f"{len(calls)} calls, one core; goal {GOAL_CALLS_A_SECOND:,} calls/s\n")
    for name, book in _books(calls).items():
        seconds = min(_seconds(book, calls) for _ in range(_ROUNDS))
        print(f"{name:44}{len(calls) / seconds:12,.0f} calls/s")


def _calls() -> list[Call]:
    mix = Mix(start_unix_seconds=int(time.time()) - 3 * 3600)
    body = ndjson_body([call_at(mix, number) for number in range(_CALLS)])
    received = Received("")
    received.gather(calls_json.read_ndjson(body), 0, _CALLS)
    return received.calls


def _books(calls: list[Call]) -> dict[str, PriceBook]:
    few = [price for price in _factors(calls) if price.tenant == calls[0].tenant]
    soon = max(call.started_at for call in calls) - timedelta(minutes=10)
    rates = ExchangeRates(
        [
            ExchangeRate(
                currency="EUR",
                valid_on=day,
                usd_per_unit=Decimal("1.0871"),
                recorded_at=_LONG_AGO,
            )
            for day in {call.started_at.date() for call in calls} | {date(2026, 1, 1)}
        ]
    )
    return {
        "the catalog alone": PriceBook(),
        "one tenant has contracts": PriceBook(Contracts(few)),
        "every tenant has contracts": PriceBook(Contracts(_factors(calls))),
        "... which begin within the calls' day": PriceBook(Contracts(_factors(calls, soon))),
        "every price in euros, rounded line by line": PriceBook(Contracts(_euros(calls)), rates),
    }


def _factors(calls: list[Call], since: datetime = _LONG_AGO) -> list[ContractPrice]:
    owners = sorted({(call.tenant, call.provider) for call in calls})
    return [
        ContractPrice(
            price_id=UUID(int=number),
            tenant=tenant,
            provider=provider,
            model="*",
            factor=Decimal("0.88"),
            valid_from=since,
            recorded_at=_LONG_AGO,
        )
        for number, (tenant, provider) in enumerate(owners)
    ]


def _euros(calls: list[Call]) -> list[ContractPrice]:
    models = sorted({(call.provider, call.model) for call in calls})
    return [
        ContractPrice(
            price_id=UUID(int=number),
            tenant="*",
            provider=provider,
            model=model,
            currency="EUR",
            rates=tuple(_rates()),
            valid_from=_LONG_AGO,
            recorded_at=_LONG_AGO,
        )
        for number, (provider, model) in enumerate(models)
    ]


def _rates() -> Iterator[tuple[str, Rate]]:
    for number, name in enumerate(("input_tokens", "cache_read_tokens", "output_tokens"), start=1):
        yield name, Rate(number * 10**17 + 123_457)


def _seconds(book: PriceBook, calls: list[Call]) -> float:
    begun = time.thread_time()
    for call in calls:
        book.price(call)
    return time.thread_time() - begun


if __name__ == "__main__":
    main()
