"""Re-pricing as the job does, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from collector.jobs.repricing import reprice_a_page
from exporters.postgres.pricer import Pricer
from exporters.postgres.revisions.changes import PriceAll
from exporters.postgres.revisions.repricer import Repricer
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.repricings import request_repricing
from ledger.domain.calls import Call, Cost
from ledger.domain.revisions.repricing import Repricing, Wanted
from ledger.queries.reader import Reader
from ledger.queries.revisions.repricings import repricing_of
from ledger.storage.database import Database

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)


def dearer(database: Database, factor: int = 2, *models: str) -> PriceAll:
    """The catalog's prices, those of some models (or all) times a factor."""
    pricer = Pricer(database)

    def price_all(calls: list[Call]) -> list[Cost]:
        costs = pricer.price_all(calls)
        return [
            msgspec.structs.replace(cost, pico_usd=cost.pico_usd * factor)
            if cost.pico_usd and (not models or call.model in models)
            else cost
            for call, cost in zip(calls, costs, strict=True)
        ]

    return price_all


class Rounds:
    """Requests re-pricings on one ledger and works on them."""

    def __init__(
        self,
        database: Database,
        price_all: PriceAll,
        *,
        calls_a_page: int = 7,
        rest: timedelta = timedelta(0),
    ) -> None:
        self._database = database
        self.reader = Reader(database, LOCAL_OPERATOR)
        self._repricer = Repricer(
            lambda _known_at: price_all,
            calls_a_page=calls_a_page,
            rest=rest,
        )

    def request(self, **changes: Any) -> int:
        """Have November priced anew; returns the number."""
        fields: dict[str, Any] = {"start": START, "end": END, "reason": "a new contract"}
        return request_repricing(self.reader, Wanted(**{**fields, **changes}), datetime.now(UTC))

    def page(self) -> int | None:
        """Work on one page."""
        return reprice_a_page(self._database, self._repricer)

    def reprice(self, **changes: Any) -> Repricing:
        """Have November priced anew and work until that is done."""
        number = self.request(**changes)
        while self.page() is not None:
            pass
        return repricing_of(self.reader, number)
