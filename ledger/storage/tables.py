"""The ledger's tables. The migrations make them; a test holds both against each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ledger.domain.dimensions import SERIES_DIMENSIONS
from ledger.domain.usage import TOKEN_FIELDS

metadata = MetaData()

_NOW = text("now()")


def _tokens() -> list[Column[int]]:
    return [Column(name, BigInteger) for name in TOKEN_FIELDS]


def _measures() -> list[Column[object]]:
    """What rollups and running totals count alike."""
    zero = text("0")
    return [
        Column("calls", BigInteger, nullable=False),
        Column("unpriced_calls", BigInteger, nullable=False),
        Column("estimated_calls", BigInteger, nullable=False),
        Column("cost_pico_usd", Numeric, nullable=False),
        *(Column(name, BigInteger, nullable=False, server_default=zero) for name in TOKEN_FIELDS),
        Column("duration_microseconds", BigInteger, nullable=False),
        Column("time_to_first_token_microseconds", BigInteger, nullable=False),
        Column(
            "duration_histogram",
            ARRAY(BigInteger),
            comment="one element per latency bucket in use: bucket << 48 | calls",
        ),
        Column("time_to_first_token_histogram", ARRAY(BigInteger)),
    ]


tenants = Table(
    "tenants",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("time_zone", Text, nullable=False),
    Column("rollup_seconds", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

series = Table(
    "series",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("series_id", Uuid, primary_key=True),
    *(Column(name, Text, nullable=False) for name in SERIES_DIMENSIONS),
    Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

calls = Table(
    "calls",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("started_at", DateTime(timezone=True), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("series_id", Uuid, nullable=False),
    *_tokens(),
    Column("cost_pico_usd", BigInteger, comment="cost in 1e-12 USD; NULL when unpriced"),
    Column("cost_status", Text, nullable=False),
    Column("cost_reason", Text),
    Column("price_version", Uuid),
    Column("reported_cost_pico_usd", BigInteger),
    Column("duration_seconds", Double),
    Column(
        "duration_bucket",
        SmallInteger,
        comment=(
            "index of the first latency bucket whose bound 0.01 s * 2^((index - 54) / 16) holds it"
        ),
    ),
    Column("time_to_first_token_seconds", Double),
    Column("time_to_first_token_bucket", SmallInteger),
    Column("request_model", Text),
    Column("error_type", Text),
    Column("user_id", Text),
    Column("session_id", Text),
    Column("prompt_name", Text),
    Column("service_tier", Text),
    Column("trace_id", Text),
    Column("span_id", Text),
    Column("operation_id", Text),
    Column("attempt", Integer),
    Column("response_id", Text),
    Column("reservation_id", Text),
    Column("cache_hit", Boolean),
    Column("verdict", Text),
    Column("tags", JSONB),
    Column("raw_usage", JSONB),
    Column("receiver", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("booked_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    postgresql_partition_by="RANGE (started_at)",
)

rollups = Table(
    "rollups",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("starts_at", DateTime(timezone=True), primary_key=True),
    Column("series_id", Uuid, primary_key=True),
    *_measures(),
    Index("rollups_starts_at", "starts_at", postgresql_using="brin"),
)

totals = Table(
    "totals",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("series_id", Uuid, primary_key=True),
    *_measures(),
)

credit_totals = Table(
    "credits",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("series_id", Uuid, primary_key=True),
    *_measures(),
)
"""What corrections took back of `totals`, which only grow."""

corrections = Table(
    "corrections",
    metadata,
    *(
        Column(
            column.name,
            column.type,
            primary_key=column.primary_key,
            nullable=column.nullable,
            server_default=column.server_default and _NOW,
        )
        for column in calls.columns
    ),
    Column("revision", Integer, primary_key=True),
    Column(
        "sign",
        SmallInteger,
        primary_key=True,
        comment="-1 takes a booked state back, 1 puts another in its place",
    ),
    Column("correction_reason", Text, nullable=False),
    Column("repricing_id", BigInteger, comment="the re-pricing that wrote it; NULL for all others"),
)

ingest_marks = Table(
    "ingest_marks",
    metadata,
    Column("source", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("detail", JSONB),
    Column("marked_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    comment="how far a file or a spool has been booked, written with the calls themselves",
)

ingest_commits = Table(
    "ingest_commits",
    metadata,
    Column("measure", Text, primary_key=True),
    Column(
        "bucket",
        SmallInteger,
        primary_key=True,
        comment="place among the bounds of the measure",
    ),
    Column("commits", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
)

metric_label_sets = Table(
    "metric_label_sets",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("shown_tenant", Text, nullable=False),
    Column("shown_feature", Text, nullable=False),
    Column("shown_provider", Text, nullable=False),
    Column("shown_model", Text, nullable=False),
    Column("shown_operation", Text, nullable=False),
)

ingest_totals = Table(
    "ingest_totals",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("result", Text, primary_key=True),
    Column("records", BigInteger, nullable=False),
)

price_versions = Table(
    "price_versions",
    metadata,
    Column("price_version", Uuid, primary_key=True),
    Column("catalog_provider", Text, nullable=False),
    Column("catalog_model", Text, nullable=False),
    Column("context", JSONB, nullable=False),
    Column("rates", JSONB, nullable=False),
    Column("valid_from", DateTime(timezone=True)),
    Column("source", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("currency", Text, nullable=False, server_default=text("'USD'::text")),
    Column(
        "factor",
        Numeric,
        nullable=False,
        server_default=text("1"),
        comment="by which the rates are multiplied",
    ),
    Column("usd_per_unit", Numeric, comment="what the currency was worth; NULL for USD"),
    Column("exchanged_on", Date, comment="the day of that exchange rate"),
    Column("price_id", Uuid, comment="the price it is made of; NULL: the catalog's"),
    Column("tenant", Text, comment="whose price it is; NULL: everybody may know it"),
)

refused_records = Table(
    "refused_records",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("received_at", DateTime(timezone=True), primary_key=True, server_default=_NOW),
    Column("record_id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("kind", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", Text),
    Column("call_id", Text),
    Column("started_at", DateTime(timezone=True)),
    Column(
        "replayable",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="whether payload holds the whole call, so that it can be booked from here",
    ),
    Index("refused_records_kind", "kind", "received_at", "record_id"),
    Index(
        "refused_records_letter",
        "record_id",
        postgresql_where=text("kind = 'dead_lettered'"),
    ),
)

self_checks = Table(
    "self_checks",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("drift_pico_usd", Numeric, nullable=False),
    Column("checked_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("records_off", BigInteger, nullable=False, server_default=text("0")),
)

palette = Table(
    "palette",
    metadata,
    Column("dimension", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("slot", Integer, nullable=False),
)

MEASURES: tuple[str, ...] = tuple(
    column.name for column in totals.columns if column.name not in ("tenant", "series_id")
)
HISTOGRAMS = ("duration_histogram", "time_to_first_token_histogram")
COUNTERS: tuple[str, ...] = tuple(name for name in MEASURES if name not in HISTOGRAMS)
