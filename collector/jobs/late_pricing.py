"""Calls that wait for a price get one soon after a price, a rate or a name was added."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from collector.counted import counted
from collector.jobs.turns import is_ours
from exporters.postgres.late_pricing.late_pricer import LatePricer
from exporters.postgres.late_pricing.progress import Progress, note_progress, read_progress
from exporters.postgres.pricer import Pricer
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.pricing.catalog import LIBRARY
from ledger.queries.aliases import SUBJECT as ALIASES
from ledger.queries.aliases import AliasBook
from ledger.queries.kept import versions_of
from ledger.queries.pricing.in_force import CATALOG
from ledger.queries.pricing.prices import SUBJECT as PRICES
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database, driver_connection

log = logging.getLogger(__name__)

_SUBJECTS = (PRICES, CATALOG, ALIASES)

_PAUSES = (timedelta(seconds=4), timedelta(minutes=5))
"""Before each round. By the first every process prices by what is new; the second finds the calls
that were priced before that and booked after the first."""
_BUSY = timedelta(seconds=60)
"""After so long without a word of it a process that went through them is taken for dead."""


def late_pricer_for(database: Database, settings: Settings) -> LatePricer:
    """What prices waiting calls in this process."""
    aliases = AliasBook(Reader(database, Principal("jobs", EVERY_TENANT)))
    return LatePricer(database, Pricer(database, aliases), settings.time_zone)


def price_waiting_calls(database: Database, *, late_pricer: LatePricer) -> None:
    """Go through the waiting calls where something changed that may give them a price.

    A change in the middle of it is gone through for afterwards.
    """
    progress = _due(database)
    if progress is None:
        return
    priced = 0
    for number in late_pricer.price_waiting():
        priced += number
        if datetime.now(UTC) > _busy(progress) - _BUSY / 2:
            progress = _note(database, progress, busy_until=datetime.now(UTC) + _BUSY)
    if priced:
        log.info("%s priced that had waited for it", counted(priced, "call was", "calls were"))
    _note(database, progress, rounds=progress.rounds + 1, busy_until=None)


def _note(database: Database, progress: Progress, **changes: Any) -> Progress:
    """Progress with changes; it is kept unless another change of prices was noticed meanwhile."""
    changed = msgspec.structs.replace(progress, **changes)
    with database.transaction("tollbook_ingest") as connection:
        driver = driver_connection(connection)
        now = read_progress(driver)
        if now is not None and now.noticed_at == progress.noticed_at:
            note_progress(driver, changed)
    return changed


def _busy(progress: Progress) -> datetime:
    assert progress.busy_until is not None
    return progress.busy_until


def _due(database: Database) -> Progress | None:
    """Where to go on from, if a round is due; a change is noted and waits for its pause."""
    with database.transaction("tollbook_ingest") as connection:
        if not is_ours(connection, "price_waiting_calls"):
            return None
        driver = driver_connection(connection)
        versions = versions_of(connection, _SUBJECTS)
        progress = read_progress(driver)
        now = datetime.now(UTC)
        if progress is None or (progress.versions, progress.library) != (versions, LIBRARY):
            note_progress(driver, Progress(versions, LIBRARY, now))
            return None
        if progress.rounds == len(_PAUSES) or now < _from_when(progress):
            return None
        progress = msgspec.structs.replace(progress, busy_until=now + _BUSY)
        note_progress(driver, progress)
    return progress


def _from_when(progress: Progress) -> datetime:
    pause_ends = progress.noticed_at + _PAUSES[progress.rounds]
    return max(pause_ends, progress.busy_until or pause_ends)
