"""Pricing with versions that stand in the ledger before any cost names them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.calls import Call, Cost
from ledger.pricing.book import PriceBook
from ledger.pricing.catalog import catalog_generation
from ledger.pricing.charging import MODEL_UNKNOWN
from ledger.queries.aliases import AliasBook
from ledger.queries.pricing.in_force import Basis, PriceBasis, own_prices
from ledger.queries.reader import Reader
from ledger.storage.database import Database
from ledger.storage.prices.versions import record_price_versions

_PRICER = Principal("pricer", EVERY_TENANT)


class Pricer:
    """The price book of one process on one ledger, as new as the last change of a price."""

    def __init__(self, database: Database, aliases: AliasBook | None = None) -> None:
        """With aliases, calls that were booked before their model had one are priced by it."""
        self._database = database
        self._aliases = aliases
        self._reader = Reader(database, _PRICER)
        self._prices = PriceBasis(self._reader)
        self._in_force: Basis | None = None
        self._book = PriceBook()
        self._known: tuple[tuple[datetime, int], PriceBook] | None = None
        """The last one that was asked for by the moment, and the catalog it is of."""
        self._changing = threading.Lock()

    def as_known_at(self, at: datetime) -> Callable[[list[Call]], list[Cost]]:
        """Prices calls by the prices of one's own and the exchange rates as they were known then.

        A moment that has passed is read once: what was known then does not change. The catalog is
        the newest. Raises LedgerUnavailable, as what it returns does when a new price cannot be
        recorded.
        """
        # It also sees to it that the newest catalog is in use.
        recorded = self._current().recorded
        asked = (at, catalog_generation())
        if self._known is None or self._known[0] != asked:
            with self._reader.connection() as connection:
                contracts, exchange_rates = own_prices(connection, at)
            self._known = (asked, PriceBook(contracts, exchange_rates, recorded))
        book = self._known[1]
        return lambda calls: self._priced(book, calls)

    def price(self, call: Call) -> Cost:
        """Cost of one call. Raises LedgerUnavailable when a new price cannot be recorded."""
        return self.price_all([call])[0]

    def price_all(self, calls: list[Call]) -> list[Cost]:
        """Costs of calls, in their order.

        Raises LedgerUnavailable like `price`, and when the prices were never read.
        """
        return self._priced(self._current(), calls)

    def _priced(self, book: PriceBook, calls: list[Call]) -> list[Cost]:
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
                    self._book = PriceBook(
                        in_force.contracts, in_force.exchange_rates, self._book.recorded
                    )
                    self._in_force = in_force
        return self._book

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
