"""The catalog of providers' prices, fetched once a day from where it is published."""

from __future__ import annotations

import logging
from datetime import timedelta

from collector.jobs.download import DownloadFailed, download
from ledger.commands.catalog import (
    CHANGED,
    FAILED,
    Refreshed,
    claim_refresh,
    keep_catalog,
    note_failure,
)
from ledger.storage.database import Database

log = logging.getLogger(__name__)

_MOST_BYTES = 64 * 2**20
_MOST_SECONDS = 60.0
_EVERY = timedelta(hours=23, minutes=30)
_AGAIN = timedelta(minutes=45)


def refresh_catalog(database: Database, *, url: str) -> None:
    """Fetch the catalog if none came for a day; after a failure again in an hour.

    Whatever fails, prices stay what they are. Without a URL nothing is ever fetched.
    """
    if url and claim_refresh(database, every=_EVERY, again=_AGAIN):
        fetch_catalog(database, url)


def fetch_catalog(database: Database, url: str) -> Refreshed:
    """Fetch the catalog now. Raises LedgerUnavailable."""
    try:
        content = download(url, most_bytes=_MOST_BYTES, most_seconds=_MOST_SECONDS)
    except DownloadFailed as error:
        refreshed = note_failure(database, str(error))
    else:
        refreshed = keep_catalog(database, content, url)
    if refreshed.result == FAILED:
        log.warning("the price catalog was not refreshed: %s", refreshed.detail)
    elif refreshed.result == CHANGED:
        log.info("the price catalog is new: %s", refreshed.detail)
    return refreshed
