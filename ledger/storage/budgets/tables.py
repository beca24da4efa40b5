"""The tables of budgets: what they allow, what was spent under them, what reservations hold."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ledger.storage.tables import metadata

_ZERO = text("0")
_NO = text("false")


def _moment(name: str, *, nullable: bool = False, comment: str | None = None) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


budgets = Table(
    "budgets",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column(
        "tenant", Text, nullable=False, comment="whose calls its scope names; * is the operator's"
    ),
    Column("name", Text, nullable=False),
    Column("scope", JSONB, nullable=False),
    Column("amount_pico_usd", Numeric),
    Column("amount_tokens", BigInteger),
    Column("period", Text, nullable=False),
    Column("window_seconds", Integer),
    Column("time_zone", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("thresholds", ARRAY(Numeric), nullable=False),
    Column("fail", Text, nullable=False),
    Column("unpriceable", Text, nullable=False),
    Column("rollover_cap_pico_usd", Numeric),
    _moment("created_at"),
    Column("created_by", Text, nullable=False),
    _moment(
        "filled_at", nullable=True, comment="NULL while the calls from before it are being added"
    ),
    Column("fill_id", Uuid, comment="which reading of those calls is under way"),
    _moment(
        "complete_from",
        nullable=True,
        comment="from where on its sums hold all calls, while older ones are being added",
    ),
    _moment("ended_at", nullable=True),
    Column(
        "channels",
        ARRAY(Uuid),
        nullable=False,
        server_default=text("'{}'"),
        comment=(
            "where its notices go; when empty to its tenant's channels, or else to the operator's"
        ),
    ),
    Index("budgets_name", "tenant", "name", unique=True, postgresql_where=text("ended_at IS NULL")),
)

budget_changes = Table(
    "budget_changes",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    _moment("changed_at"),
    Column("changed_by", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    comment="what a budget said before and after each change of it",
)

budget_sums = Table(
    "budget_sums",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column(
        "scope_key",
        Text,
        primary_key=True,
        comment="JSON array of the values of the dimensions of which each value has its own budget",
    ),
    Column(
        "starts_at",
        DateTime(timezone=True),
        primary_key=True,
        comment="UTC quarter-hour in which the calls started",
    ),
    Column("spent_pico_usd", Numeric, nullable=False, server_default=_ZERO),
    Column("tokens", BigInteger, nullable=False, server_default=_ZERO),
    Column("calls", BigInteger, nullable=False, server_default=_ZERO),
    Column("unpriced_calls", BigInteger, nullable=False, server_default=_ZERO),
    Column(
        "provisional_pico_usd",
        Numeric,
        nullable=False,
        server_default=_ZERO,
        comment="settled reservations whose calls have not come yet",
    ),
    Column("provisional_tokens", BigInteger, nullable=False, server_default=_ZERO),
    Index("budget_sums_of_period", "budget_id", "starts_at"),
)

budget_days = Table(
    "budget_days",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="UTC day of budget_sums that is added up here"),
    Column(
        "used_pico_usd", Numeric, nullable=False, server_default=_ZERO, comment="spent, or settled"
    ),
    Column("used_tokens", BigInteger, nullable=False, server_default=_ZERO),
    comment="budget_sums by the day, so that admission reads tens of rows instead of thousands",
)

budget_states = Table(
    "budget_states",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column("held_pico_usd", Numeric, nullable=False, server_default=_ZERO),
    Column("held_tokens", BigInteger, nullable=False, server_default=_ZERO),
    comment="what reservations hold; whoever admits or gives back locks its row first",
)

reservations = Table(
    "reservations",
    metadata,
    Column("reservation_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    Column("state", Text, nullable=False),
    Column("amount_pico_usd", Numeric, nullable=False),
    Column("amount_tokens", BigInteger, nullable=False),
    Column("settled_pico_usd", Numeric),
    Column("settled_tokens", BigInteger),
    _moment("settled_at", nullable=True),
    Column("dimensions", JSONB, nullable=False),
    Column("is_over_hold", Boolean, nullable=False, server_default=_NO),
    Column("admitted_without_ledger", Boolean, nullable=False, server_default=_NO),
    Index("reservations_held", "expires_at", postgresql_where=text("state = 'held'")),
    Index("reservations_ended", "expires_at", postgresql_where=text("state <> 'held'")),
)

reservation_holds = Table(
    "reservation_holds",
    metadata,
    Column("reservation_id", Uuid, primary_key=True),
    Column("budget_id", Uuid, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column("pico_usd", Numeric, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    _moment(
        "provisional_in",
        nullable=True,
        comment="quarter-hour of budget_sums in which its provisional entry stands",
    ),
)
