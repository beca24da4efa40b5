"""The tables by which copies of a call are found and joined."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.storage.tables import metadata

copies = Table(
    "copies",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("started_at", DateTime(timezone=True), primary_key=True),
    Column("id", Text, primary_key=True),
    Column(
        "record",
        JSONB,
        comment="the call as it came, kept as long as further copies may be joined with it",
    ),
    Column("arrived_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column(
        "call_started_at",
        DateTime(timezone=True),
        comment="start of the call it became part of, where another record names that call",
    ),
    Column("call_id", Text, comment="id of that call; NULL where the record names its call itself"),
    Index(
        "copies_call",
        "tenant",
        "call_id",
        "call_started_at",
        postgresql_where=text("call_id IS NOT NULL"),
    ),
    Index("copies_kept", "arrived_at", postgresql_where=text("record IS NOT NULL")),
)

call_keys = Table(
    "call_keys",
    metadata,
    Column("arrived_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("tenant", Text, nullable=False),
    Column("own_key", BigInteger, nullable=False),
    Column("response_key", BigInteger),
    Column("parent_key", BigInteger),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("parent_span_id", Text),
    Index("call_keys_own", "own_key", postgresql_using="hash"),
    Index(
        "call_keys_response",
        "response_key",
        postgresql_using="hash",
        postgresql_where=text("response_key IS NOT NULL"),
    ),
    Index(
        "call_keys_parent",
        "parent_key",
        postgresql_using="hash",
        postgresql_where=text("parent_key IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (arrived_at)",
)
"""What copies of a call are found by, for as long as they are joined; dropped day by day."""

key_feed = Table(
    "key_feed",
    metadata,
    Column("batch", BigInteger, Identity(always=True), primary_key=True),
    Column("arrived_on", Date, nullable=False),
    Column("writer", Uuid, nullable=False),
    Column("keys", LargeBinary, nullable=False),
)

known_ids = Table(
    "known_ids",
    metadata,
    Column("part", BigInteger, Identity(always=True), primary_key=True),
    Column("started_on", Date, nullable=False, comment="UTC day on which the records start"),
    Column(
        "words",
        LargeBinary,
        comment=(
            "filter of the keys of their ids, 64-bit words; NULL where any id may be on that day"
        ),
    ),
)
"""Which ids are on which day, of records whose keys were dropped."""
