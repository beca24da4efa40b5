"""Pricing with versions that stand in the ledger before any cost names them."""

from __future__ import annotations

import threading

from ledger.domain.calls import Call, Cost
from ledger.pricing.book import PriceBook
from ledger.storage.database import Database
from ledger.storage.price_versions import record_price_versions


class Pricer:
    """The price book of one process on one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._book = PriceBook()
        self._recording = threading.Lock()

    def price(self, call: Call) -> Cost:
        """Cost of one call. Raises LedgerUnavailable when a new price cannot be recorded."""
        return self.price_all([call])[0]

    def price_all(self, calls: list[Call]) -> list[Cost]:
        """Costs of calls, in their order. Raises LedgerUnavailable like `price`."""
        costs = [self._book.price(call) for call in calls]
        if self._book.unrecorded:
            with self._recording:
                cards = self._book.unrecorded
                record_price_versions(self._database, cards)
                self._book.mark_recorded(cards)
        return costs
