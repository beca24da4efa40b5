"""Reservations in one process, composed."""

from __future__ import annotations

from collector.admission.asking import Reading
from collector.admission.desk import Desk
from collector.admission.fresh import FreshAliases, Price, Pricing
from collector.admission.front import ReservationsFront
from collector.admission.unverified import Unverified
from collector.admission.waiting import Admission
from collector.api.front import Application
from ledger.access.principals import EVERY_TENANT, Principal
from ledger.queries.aliases import AliasBook
from ledger.queries.reader import Reader
from ledger.settings import Settings
from ledger.storage.database import Database

_ADMISSION = Principal("admission", EVERY_TENANT)
_SHARE_OF_SPOOL = 4


def reservations_front(
    database: Database, settings: Settings, price: Price, behind: Application
) -> ReservationsFront:
    """What answers about reservations; everything else goes to the application behind it."""
    unverified = Unverified(
        settings.spool_path / "admissions", settings.spool_max_bytes // _SHARE_OF_SPOOL
    )
    aliases = FreshAliases(AliasBook(Reader(database, _ADMISSION)).current)
    reading = Reading(
        price=Pricing(price).price,
        resolve=aliases.resolve,
        default_tenant=settings.default_tenant,
    )
    return ReservationsFront(Admission(Desk(database, unverified), unverified), reading, behind)
