"""Working through the re-pricings that were requested."""

from __future__ import annotations

import logging
from datetime import datetime

from collector.jobs.turns import is_ours
from exporters.postgres.pricer import Pricer
from exporters.postgres.revisions.changes import PriceAll
from exporters.postgres.revisions.progress import end
from exporters.postgres.revisions.repricer import Repricer
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.errors import LedgerUnavailable
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.storage.database import Database, driver_connection

log = logging.getLogger(__name__)

_MOST_SECONDS_A_PAGE = 120.0


class PricesKnown:
    """Prices as they were known at a moment; those of the last one asked for are kept."""

    def __init__(self, database: Database) -> None:
        aliases = AliasBook(Reader(database, Principal("jobs", EVERY_TENANT)))
        self._pricer = Pricer(database, aliases)
        self._kept: tuple[datetime, PriceAll] | None = None

    def __call__(self, moment: datetime) -> PriceAll:
        """How calls are priced as of the moment. Raises LedgerUnavailable."""
        if self._kept is None or self._kept[0] != moment:
            self._kept = moment, self._pricer.as_known_at(moment)
        return self._kept[1]


def work_on_repricings(database: Database, *, repricer: Repricer) -> None:
    """Go on with re-pricings until none is left, or another process is at it."""
    while reprice_a_page(database, repricer) is not None:
        pass


def reprice_a_page(database: Database, repricer: Repricer) -> int | None:
    """Price one page of calls in a transaction; returns the number of the re-pricing, if any.

    One that cannot go on is ended with the reason; what it changed stays. Raises LedgerUnavailable.
    """
    try:
        with database.transaction(
            "tollbook_ingest", deadline_seconds=_MOST_SECONDS_A_PAGE
        ) as connection:
            return repricer.work(connection) if is_ours(connection, "reprice") else None
    except LedgerUnavailable:
        raise
    except Exception as error:
        if repricer.at is None:
            raise
        log.exception("re-pricing %d failed", repricer.at)
        failure = f"{type(error).__name__}: {error}".partition("\n")[0][:1000]
        with database.transaction("tollbook_ingest") as connection:
            end(driver_connection(connection), repricer.at, "failed", failure)
        return repricer.at
