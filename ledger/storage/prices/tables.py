"""The tables of prices: one's own, exchange rates, and the catalogs that were fetched."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.storage.tables import metadata

_NOW = text("now()")

prices = Table(
    "prices",
    metadata,
    Column("price_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False, comment="* holds for every tenant"),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False, comment="* is every model of the provider"),
    Column(
        "context",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="what a call must match: service_tier, region, operation",
    ),
    Column("currency", Text, nullable=False, server_default=text("'USD'::text")),
    Column(
        "rates",
        JSONB(none_as_null=True),
        comment="by token type, and per request; NULL where there is a factor",
    ),
    Column("factor", Numeric, comment="instead of rates: the catalog's price times this"),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_to", DateTime(timezone=True)),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("note", Text),
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_by", Text),
    Index("prices_of_tenant", "tenant", "provider", "model", "valid_from", "price_id"),
    comment="never edited: a change withdraws one price and adds another",
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("valid_on", Date, primary_key=True),
    Column("recorded_at", DateTime(timezone=True), primary_key=True),
    Column("usd_per_unit", Numeric, nullable=False),
    Column("source", Text),
    Column("recorded_by", Text, nullable=False),
    comment="never edited: of one day the rate that was recorded last holds",
)

catalog_snapshots = Table(
    "catalog_snapshots",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="blake2b of the content as fetched"),
    Column("library", Text, nullable=False, comment="the library that read it, with its version"),
    Column("source", Text, nullable=False),
    Column("fetched_at", DateTime(timezone=True), nullable=False),
    Column(
        "confirmed_at",
        DateTime(timezone=True),
        nullable=False,
        comment="when the source last served exactly this",
    ),
    Column("models", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False, comment="compressed with zlib"),
)

catalog_refreshes = Table(
    "catalog_refreshes",
    metadata,
    Column("result", Text, primary_key=True, comment="changed, unchanged or failed"),
    Column("refreshes", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("detail", Text, comment="of the last one"),
)
