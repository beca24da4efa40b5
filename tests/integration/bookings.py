"""Booking records as the collector does, without its HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from exporters.postgres.batches import Batch, Booked
from exporters.postgres.booking import Booker
from exporters.postgres.pricer import Pricer
from ledger.domain.calls import Call, PricedCall
from ledger.storage.database import Database

DAY = timedelta(days=1)


class Teller:
    """One process that books records; a new one knows only what the ledger knows."""

    def __init__(self, database: Database, join_window: timedelta = DAY) -> None:
        self._pricer = Pricer(database)
        self._booker = Booker(
            database, price=self._pricer.price, default_time_zone="UTC", join_window=join_window
        )

    def tell(self, records: Sequence[Call], receiver: str = "traces") -> Booked:
        """Book records in one batch and one commit."""
        return self.tell_together([records], receiver)[0]

    def tell_together(
        self, batches: Sequence[Sequence[Call]], receiver: str = "traces"
    ) -> list[Booked]:
        """Book several requests in one commit."""
        return self._booker.book(
            [
                self._booker.prepare(Batch(receiver=receiver, calls=self._priced(records)))
                for records in batches
            ]
        )

    def _priced(self, records: Sequence[Call]) -> list[PricedCall]:
        costs = self._pricer.price_all(list(records))
        return [PricedCall(call, cost) for call, cost in zip(records, costs, strict=True)]
