"""The tables of re-pricings with their differences, and of closed months with what came after."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.storage.tables import metadata

_NOW = text("now()")
_NONE = text("0")

repricings = Table(
    "repricings",
    metadata,
    Column("repricing_id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant", Text, nullable=False, comment="* re-prices the calls of every tenant"),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("to_at", DateTime(timezone=True), nullable=False),
    Column("filter", JSONB, nullable=False, comment="accepted values by dimension"),
    Column("reason", Text, nullable=False),
    Column("known_at", DateTime(timezone=True), comment="prices as known then; NULL: as requested"),
    Column("dry_run", Boolean, nullable=False, comment="only the differences are written"),
    Column("adjust_closed", Boolean, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("state", Text, nullable=False, server_default=text("'running'")),
    Column("cursor", JSONB, comment="tenant, start and id up to which it has come"),
    Column("calls_seen", BigInteger, nullable=False, server_default=_NONE),
    Column("calls_changed", BigInteger, nullable=False, server_default=_NONE),
    Column("before_pico_usd", Numeric, nullable=False, server_default=_NONE),
    Column("after_pico_usd", Numeric, nullable=False, server_default=_NONE),
    Column("failure", Text, comment="why it could not go on"),
    Column("finished_at", DateTime(timezone=True)),
)

repricing_differences = Table(
    "repricing_differences",
    metadata,
    Column("repricing_id", BigInteger, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="in the tenant's zone"),
    Column("model", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("calls_changed", BigInteger, nullable=False),
    Column("unpriced_before", BigInteger, nullable=False),
    Column("unpriced_after", BigInteger, nullable=False),
    Column("before_pico_usd", Numeric, nullable=False),
    Column("after_pico_usd", Numeric, nullable=False),
)


def _figures() -> list[Column[object]]:
    return [
        Column("calls", BigInteger, nullable=False),
        Column("unpriced_calls", BigInteger, nullable=False),
        Column("estimated_calls", BigInteger, nullable=False),
        Column("cost_pico_usd", Numeric, nullable=False),
    ]


closed_months = Table(
    "closed_months",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="its first day"),
    Column("time_zone", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", Text, nullable=False),
    *_figures(),
)

month_adjustments = Table(
    "month_adjustments",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("booked_in", Date, primary_key=True, comment="the month in whose statement it stands"),
    Column("month", Date, primary_key=True, comment="the closed month whose usage changed"),
    *_figures(),
)
