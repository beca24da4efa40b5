"""The tables of notices: thresholds that were crossed, whom it is told, and whether it was."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, Integer, Numeric, Table, Text, Uuid, text

from ledger.storage.tables import metadata

_ZERO = text("0")


def _moment(name: str, *, nullable: bool = False, comment: str | None = None) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


notice_channels = Table(
    "notice_channels",
    metadata,
    Column("channel_id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False, comment="whose notices go there; * is the operator's"),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False, comment="holds secrets; people are shown shown_url"),
    Column("shown_url", Text, nullable=False),
    _moment("created_at"),
    Column("created_by", Text, nullable=False),
    _moment("ended_at", nullable=True),
    Index(
        "notice_channels_name",
        "tenant",
        "name",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
)

budget_notices = Table(
    "budget_notices",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column(
        "armed_at",
        DateTime(timezone=True),
        primary_key=True,
        comment="start of the period, or since when within it the threshold can be crossed anew",
    ),
    Column("threshold", Numeric, primary_key=True),
    _moment("period_start"),
    _moment("period_end"),
    Column(
        "used", Numeric, nullable=False, comment="in the unit of the budget, when it was noticed"
    ),
    Column("allowed", Numeric, nullable=False),
    _moment("crossed_at"),
    _moment(
        "rearmed_at",
        nullable=True,
        comment="since when the same threshold can be crossed anew, though the period goes on",
    ),
    _moment("closed_at", nullable=True, comment="NULL while somebody is to be told yet"),
    Index("budget_notices_of_period", "budget_id", "period_end"),
    Index("budget_notices_by_time", "budget_id", "crossed_at"),
    Index("budget_notices_open", "crossed_at", postgresql_where=text("closed_at IS NULL")),
)

notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("budget_id", Uuid, primary_key=True),
    Column("scope_key", Text, primary_key=True),
    Column("armed_at", DateTime(timezone=True), primary_key=True),
    Column("threshold", Numeric, primary_key=True),
    Column("channel_id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False, comment="name of the channel, as it was then"),
    Column("attempts", Integer, nullable=False, server_default=_ZERO),
    Column("failures", Integer, nullable=False, server_default=_ZERO),
    _moment("next_attempt_at"),
    Column("last_error", Text),
    _moment("delivered_at", nullable=True),
    _moment("given_up_at", nullable=True),
    Index(
        "notice_deliveries_waiting",
        "next_attempt_at",
        postgresql_where=text("delivered_at IS NULL AND given_up_at IS NULL"),
    ),
    comment="each notice to each of its channels",
)
