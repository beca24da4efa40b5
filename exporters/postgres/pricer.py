"""Pricing with versions that stand in the ledger before any cost names them."""

from __future__ import annotations

import threading
from datetime import datetime

from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.calls import Call, Cost
from ledger.pricing.book import PriceBook
from ledger.pricing.charging import MODEL_UNKNOWN
from ledger.pricing.contracts import Contracts
from ledger.pricing.exchange import ExchangeRates
from ledger.queries.aliases import AliasBook
from ledger.queries.pricing.in_force import InForce, PricesInForce, own_prices
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from ledger.storage.price_versions import record_price_versions

_PRICER = Principal("pricer", EVERY_TENANT)


class Pricer:
    """The price book of one process on one ledger, as new as the last change of a price."""

    def __init__(
        self,
        database: Database,
        aliases: AliasBook | None = None,
        known_at: datetime | None = None,
    ) -> None:
        """With aliases, calls that were booked before their model had one are priced by it.

        With `known_at` prices of one's own are those that were known then; list prices are those
        of the catalog in use.
        """
        self._database = database
        self._known_at = known_at
        self._aliases = aliases
        self._reader = Reader(database, _PRICER)
        self._prices = PricesInForce(self._reader)
        self._in_force: InForce | None = None
        self._book = PriceBook()
        self._changing = threading.Lock()

    def price(self, call: Call) -> Cost:
        """Cost of one call. Raises LedgerUnavailable when a new price cannot be recorded."""
        return self.price_all([call])[0]

    def price_all(self, calls: list[Call]) -> list[Cost]:
        """Costs of calls, in their order.

        Raises LedgerUnavailable like `price`, and when the prices were never read.
        """
        book = self._current()
        costs = [book.price(call) for call in calls]
        if self._aliases is not None and any(cost.reason == MODEL_UNKNOWN for cost in costs):
            costs = self._priced_by_alias(book, self._aliases, calls, costs)
        if book.unrecorded:
            with self._changing:
                cards = book.unrecorded
                record_price_versions(self._database, cards)
                book.mark_recorded(cards)
        return costs

    def _current(self) -> PriceBook:
        in_force = self._prices.current()
        if in_force is not self._in_force:
            with self._changing:
                if in_force is not self._in_force:
                    contracts, rates = self._own_prices(in_force)
                    self._book = PriceBook(contracts, rates, self._book.recorded)
                    self._in_force = in_force
        return self._book

    def _own_prices(self, in_force: InForce) -> tuple[Contracts, ExchangeRates]:
        if self._known_at is None:
            return in_force.contracts, in_force.exchange_rates
        with self._reader.connection() as connection:
            return own_prices(connection, self._known_at)

    def _priced_by_alias(
        self, book: PriceBook, aliases: AliasBook, calls: list[Call], costs: list[Cost]
    ) -> list[Cost]:
        """Joined and waiting calls keep the name they were booked under, whatever it stands for."""
        names = aliases.current()
        priced = list(costs)
        for place, (call, cost) in enumerate(zip(calls, costs, strict=True)):
            if cost.reason == MODEL_UNKNOWN:
                resolved = names.resolve(call)
                if resolved is not call:
                    priced[place] = book.price(resolved)
        return priced
