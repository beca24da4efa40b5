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


class Office:
    """The desk of one process, and how it is asked."""

    def __init__(self, database: Database, settings: Settings, price: Price) -> None:
        unverified = Unverified(
            settings.spool_path / "admissions", settings.spool_max_bytes // _SHARE_OF_SPOOL
        )
        self._desk = Desk(database, unverified)
        self._aliases = FreshAliases(AliasBook(Reader(database, _ADMISSION)).current)
        self._admission = Admission(self._desk, unverified)
        self._reading = Reading(
            price=Pricing(price).price,
            resolve=self._aliases.resolve,
            default_tenant=settings.default_tenant,
        )

    def front(self, behind: Application) -> ReservationsFront:
        """What answers about reservations; everything else goes to the application behind it."""
        return ReservationsFront(self._admission, self._reading, behind)

    def start(self) -> None:
        """Begin to look after what nobody asks about."""
        self._aliases.start()
        self._desk.start()

    def stop(self) -> None:
        """End what `start` began."""
        self._desk.stop()
        self._aliases.stop()
