"""What one process prices by: prices of one's own, exchange rates and the newest catalog."""

from __future__ import annotations

import logging
import threading
import zlib
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from ledger.pricing.catalog import LIBRARY, catalog_digest, catalog_generation, use_catalog
from ledger.pricing.contracts import Contracts
from ledger.pricing.exchange import ExchangeRates
from ledger.pricing.rates import USD
from ledger.pricing.snapshots import UnbelievableCatalog, providers_of
from ledger.queries.kept import Kept, Versions
from ledger.queries.pricing.exchange_rates import rates_of_currencies
from ledger.queries.pricing.prices import SUBJECT, contract_prices
from ledger.queries.reader import Reader
from ledger.storage.prices.tables import catalog_snapshots

log = logging.getLogger(__name__)

CATALOG = "price_catalog"
"""Under which changes of the catalog are counted."""

_installing = threading.Lock()


class Fetched(NamedTuple):
    """A catalog that is not in use yet."""

    digest: bytes | None
    """None: the one that the library brings along."""
    source: str
    packed: bytes = b""


class Basis(NamedTuple):
    """All that a price book is made of."""

    contracts: Contracts
    exchange_rates: ExchangeRates
    catalog: int = 0
    """Generation of the catalog in use, which is one for the whole process."""
    fetched: Fetched | None = None
    """A catalog to be put to use."""


class PriceBasis(Kept[Basis]):
    """The prices of one process: to price without one's own would be a guess."""

    subjects = (SUBJECT, CATALOG)

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader, Basis(Contracts(), ExchangeRates()))

    def read(self, connection: Connection, before: Versions, now: Versions) -> Basis:
        """What has changed."""
        kept = self._value
        if before.get(SUBJECT) != now[SUBJECT]:
            kept = Basis(*own_prices(connection))
        if before.get(CATALOG) != now[CATALOG]:
            kept = kept._replace(fetched=newest_catalog(connection))
        return kept

    def made_of(self, read: Basis) -> Basis:
        """The same, with a new catalog in use."""
        if read.fetched is not None:
            put_to_use(read.fetched)
        return read._replace(catalog=catalog_generation(), fetched=None)


def own_prices(
    connection: Connection, known_at: datetime | None = None
) -> tuple[Contracts, ExchangeRates]:
    """The prices of one's own and what they need, as known at a moment, or now."""
    prices = contract_prices(connection, known_at)
    currencies = {price.currency for price in prices} - {USD}
    rates = rates_of_currencies(connection, currencies, known_at)
    return Contracts(prices), ExchangeRates(rates)


def newest_catalog(connection: Connection) -> Fetched | None:
    """The newest catalog that was fetched for this version of the library; None: it is in use.

    The one that the library brings along is newer than what was fetched for an older version.
    """
    statement = (
        select(catalog_snapshots.c.digest, catalog_snapshots.c.fetched_at)
        .where(catalog_snapshots.c.library == LIBRARY)
        .order_by(catalog_snapshots.c.confirmed_at.desc())
        .limit(1)
    )
    newest = connection.execute(statement).first()
    digest = None if newest is None else bytes(newest.digest)
    if digest == catalog_digest():
        return None
    if newest is None or digest is None:
        return Fetched(None, LIBRARY)
    content = select(catalog_snapshots.c.content).where(catalog_snapshots.c.digest == digest)
    source = f"genai-prices data of {newest.fetched_at:%Y-%m-%d} ({digest.hex()[:12]})"
    return Fetched(digest, source, bytes(connection.execute(content).scalar_one()))


def put_to_use(fetched: Fetched) -> None:
    """Price by this catalog from now on, in the whole process; one that is damaged is left."""
    with _installing:
        if fetched.digest == catalog_digest():
            return
        if fetched.digest is None:
            use_catalog(None, None, fetched.source)
            return
        try:
            providers = providers_of(zlib.decompress(fetched.packed))
        except (UnbelievableCatalog, zlib.error) as error:
            log.warning("a price catalog cannot be read; going on without it: %s", error)
            return
        use_catalog(providers, fetched.digest, fetched.source)
