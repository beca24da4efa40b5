"""The price versions that costs refer to, recorded before the first call that uses them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy.dialects.postgresql import insert

from ledger.pricing.rates import RateCard
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
            "rates": _rates_usd(card),
            "valid_from": card.valid_from,
            "source": card.source,
        }
        for card in sorted(cards, key=lambda card: card.version.bytes)
    ]
    if rows:
        with database.transaction("tollbook_ingest") as connection:
            connection.execute(insert(price_versions).values(rows).on_conflict_do_nothing())


def _rates_usd(card: RateCard) -> dict[str, object]:
    """Rates by token type: whole 1e-24 USD a token, as text since readers of JSON may round."""
    return {
        name: {
            "yocto_usd_per_token": str(rate.yocto_usd_per_token),
            "tiers": [
                {
                    "above_input_tokens": tier.above_input_tokens,
                    "yocto_usd_per_token": str(tier.yocto_usd_per_token),
                }
                for tier in rate.tiers
            ],
        }
        for name, rate in msgspec.structs.asdict(card)["rates"]
    }
