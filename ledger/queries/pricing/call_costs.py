"""Why a call cost what it cost: its line items, rebuilt from the price version it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from ledger.domain.errors import AmbiguousCall, NotFound
from ledger.domain.joining import Key
from ledger.domain.usage import TOKEN_FIELDS, Usage
from ledger.pricing.aliases import EVERY_TENANT
from ledger.pricing.cost import LineItem, Tariff
from ledger.pricing.rates import RateCard
from ledger.pricing.unpriced.suggestions import Known
from ledger.queries.names import described, record_named, records_of_id
from ledger.queries.reader import Reader
from ledger.storage.afterwards_tables import model_aliases
from ledger.storage.price_tables import prices
from ledger.storage.price_versions import read_price_version

_MOST_LISTED = 10
_MOST_KNOWN = 1000

_CURRENT = text("""
    SELECT current_calls.*, series.provider, series.model, series.operation, series.region,
        series.status
    FROM current_calls JOIN series USING (tenant, series_id)
    WHERE current_calls.tenant = :tenant AND started_at = :started_at AND id = :id
""")


class Explained(NamedTuple):
    """A call as it stands in the books, with what its cost is the sum of."""

    row: dict[str, Any]
    card: RateCard | None
    """None where no price was charged."""
    items: list[LineItem]


def explained_cost(
    reader: Reader, *, tenant: str, call_id: str, started_at: datetime | None = None
) -> Explained:
    """The call under any of its names.

    Raises NotFound when there is none, AmbiguousCall when several have the id and no start says
    which is meant.
    """
    with reader.connection() as connection:
        key = _key(connection, tenant, call_id, started_at)
        parameters = {"tenant": tenant, "started_at": key[0], "id": key[1]}
        row = connection.execute(_CURRENT, parameters).mappings().one()
        version = row["price_version"]
        card = None if version is None else read_price_version(connection, version)
    if card is None:
        return Explained(dict(row), None, [])
    usage = Usage(**{name: row[name] for name in TOKEN_FIELDS})
    return Explained(dict(row), card, Tariff(card).line_items(usage))


def known_models(reader: Reader, tenant: str) -> list[Known]:
    """Models that a tenant, or everybody, has a price or a name for."""
    owners = (tenant, EVERY_TENANT)
    named = select(model_aliases).where(model_aliases.c.tenant.in_(owners)).limit(_MOST_KNOWN)
    priced = (
        select(prices)
        .where(prices.c.tenant.in_(owners), prices.c.withdrawn_at.is_(None), prices.c.model != "*")
        .limit(_MOST_KNOWN)
    )
    with reader.connection() as connection:
        return [
            *_known(connection.execute(named).mappings(), "alias", "an alias"),
            *_known(connection.execute(priced).mappings(), "model", "a price of your own"),
        ]


def _known(rows: Any, name: str, what: str) -> Iterator[Known]:
    for row in rows:
        yield Known(row["provider"], row[name], what)


def _key(connection: Connection, tenant: str, call_id: str, started_at: datetime | None) -> Key:
    if started_at is not None:
        record = record_named(connection, tenant=tenant, call_id=call_id, started_at=started_at)
        found = [] if record is None else [record]
    else:
        found = records_of_id(connection, tenant=tenant, call_id=call_id, most=_MOST_LISTED)
    if not found:
        raise NotFound(f"tenant {tenant!r} has no such call {call_id!r}")
    if len(found) > 1:
        raise AmbiguousCall(call_id, described(connection, tenant=tenant, records=found))
    return found[0].call
