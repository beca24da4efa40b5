"""The price versions that costs refer to, recorded before the first call that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from ledger.pricing.rates import Exchange, Rate, RateCard, Tier
from ledger.storage.database import Database
from ledger.storage.tables import price_versions


def record_price_versions(database: Database, cards: Iterable[RateCard]) -> None:
    """Add the versions that are not in the book yet; one that is there is never changed."""
    rows = [
        {
            "price_version": card.version,
            "catalog_provider": card.catalog_provider,
            "catalog_model": card.catalog_model,
            "context": dict(card.context),
            "rates": _rates(card),
            "valid_from": card.valid_from,
            "source": card.source,
            "currency": card.currency,
            "factor": card.factor,
            "usd_per_unit": card.exchange and card.exchange.usd_per_unit,
            "exchanged_on": card.exchange and card.exchange.valid_on,
            "price_id": card.price_id,
            "tenant": card.tenant,
        }
        for card in sorted(cards, key=lambda card: card.version.bytes)
    ]
    if rows:
        with database.transaction("tollbook_ingest") as connection:
            connection.execute(insert(price_versions).values(rows).on_conflict_do_nothing())


def read_price_version(connection: Connection, version: UUID) -> RateCard | None:
    """The card that a cost names, exactly as it was; None for what never was recorded."""
    statement = select(price_versions).where(price_versions.c.price_version == version)
    row = connection.execute(statement).mappings().first()
    return None if row is None else _card(dict(row))


def _card(row: Mapping[str, Any]) -> RateCard:
    exchange = None
    if row["usd_per_unit"] is not None:
        exchange = Exchange(row["usd_per_unit"], row["exchanged_on"])
    return RateCard(
        catalog_provider=row["catalog_provider"],
        catalog_model=row["catalog_model"],
        context=tuple(sorted(row["context"].items())),
        source=row["source"],
        valid_from=row["valid_from"] and _valid_from(row),
        rates=tuple(
            (name, _rate(rate, _unit(row["currency"])))
            for name, rate in sorted(row["rates"].items())
        ),
        currency=row["currency"],
        factor=row["factor"],
        exchange=exchange,
        price_id=row["price_id"],
        tenant=row["tenant"],
    )


def _valid_from(row: Mapping[str, Any]) -> str:
    """The catalog says days, prices of one's own moments."""
    at: datetime = row["valid_from"]
    return at.date().isoformat() if row["price_id"] is None else at.isoformat()


def _unit(currency: str) -> str:
    return f"yocto_{currency.lower()}_per_token"


def _rate(rate: Mapping[str, Any], unit: str) -> Rate:
    tiers = tuple(Tier(tier["above_input_tokens"], int(tier[unit])) for tier in rate["tiers"])
    return Rate(int(rate[unit]), tiers)


def _rates(card: RateCard) -> dict[str, object]:
    """Whole 1e-24 of the currency a token, or a call; as text since readers of JSON may round."""
    unit = _unit(card.currency)
    return {
        name: {
            unit: str(rate.yocto_per_unit),
            "tiers": [
                {
                    "above_input_tokens": tier.above_input_tokens,
                    unit: str(tier.yocto_per_unit),
                }
                for tier in rate.tiers
            ],
        }
        for name, rate in card.rates
    }
