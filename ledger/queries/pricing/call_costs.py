"""Why a call cost what it cost: its line items, rebuilt from the price version it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, select, text

from ledger.domain.errors import AmbiguousCall, NotFound
from ledger.domain.joining import Key
from ledger.domain.usage import TOKEN_FIELDS, Usage
from ledger.pricing.aliases import EVERY_TENANT
from ledger.pricing.cost import LineItem, Tariff
from ledger.pricing.rates import RateCard
from ledger.pricing.unpriced.suggestions import Known
from ledger.queries.reader import Reader
from ledger.queries.records.names import described, record_named, records_of_id
from ledger.queries.revisions.as_of import CALLS_AS_OF
from ledger.storage.afterwards_tables import model_aliases
from ledger.storage.prices.tables import prices
from ledger.storage.prices.versions import read_price_version

_MOST_LISTED = 10
_MOST_KNOWN = 1000

_CALL = """
    SELECT calls_then.*, series.provider, series.model, series.operation, series.region,
        series.status
    FROM {} AS calls_then JOIN series USING (tenant, series_id)
    WHERE calls_then.tenant = :tenant AND started_at = :started_at AND id = :id
"""
_NOW, _THEN = text(_CALL.format("current_calls")), text(_CALL.format(CALLS_AS_OF))


class Explained(NamedTuple):
    """A call as it stands in the books, with what its cost is the sum of."""

    row: dict[str, Any]
    card: RateCard | None
    """None where no price was charged."""
    items: list[LineItem]


def explained_cost(
    reader: Reader,
    *,
    tenant: str,
    call_id: str,
    started_at: datetime | None = None,
    as_of: datetime | None = None,
) -> Explained:
    """The call under any of its names, as it stands or as it stood then.

    Raises NotFound when there is none or was none then, AmbiguousCall when several have the id
    and no start says which is meant.
    """
    with reader.connection() as connection:
        key = _key(connection, tenant, call_id, started_at)
        parameters = {"tenant": tenant, "started_at": key[0], "id": key[1]}
        if as_of is None:
            row = connection.execute(_NOW, parameters).mappings().one()
        else:
            row = _row_then(connection, parameters | {"as_of": as_of})
        version = row["price_version"]
        card = None if version is None else read_price_version(connection, version)
    if card is None:
        return Explained(dict(row), None, [])
    usage = Usage(**{name: row[name] for name in TOKEN_FIELDS})
    return Explained(dict(row), card, Tariff(card).line_items(usage))


def _row_then(connection: Connection, parameters: dict[str, Any]) -> RowMapping:
    row = connection.execute(_THEN, parameters).mappings().first()
    if row is None:
        raise NotFound(f"the call {parameters['id']!r} was not in the books then")
    return row


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
