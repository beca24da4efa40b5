"""Working through the re-pricings that were requested."""

from __future__ import annotations

import logging

from collector.jobs.turns import is_ours
from exporters.postgres.pricer import Pricer
from exporters.postgres.revisions.progress import end
from exporters.postgres.revisions.repricer import PricesAsOf, Repricer
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.domain.errors import LedgerUnavailable
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.storage.database import Database, driver_connection

log = logging.getLogger(__name__)

_MOST_SECONDS_A_PAGE = 120.0


def prices_known(database: Database) -> PricesAsOf:
    """Prices of this process as they were known at a moment."""
    aliases = AliasBook(Reader(database, Principal("jobs", EVERY_TENANT)))
    return Pricer(database, aliases).as_known_at


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
