"""Calls as rows in the binary form of COPY.

COPY sends no types, so a value may be laid out by whichever of the driver's encoders is quickest:
a moment is the integer of its microseconds since 2000, a uuid its 16 bytes, jsonb a version byte
and text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, DateTime, Double, Integer, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from ledger.domain.calls import Call, Cost
from ledger.domain.latency import latency_bucket
from ledger.domain.usage import TOKEN_FIELDS
from ledger.storage.tables import calls

CALL_COLUMNS: tuple[str, ...] = tuple(
    column.name for column in calls.columns if column.name != "booked_at"
)

_LAYOUTS: dict[type[Any], str] = {
    BigInteger: "int8",
    Boolean: "bool",
    DateTime: "int8",
    Double: "float8",
    Integer: "int4",
    JSONB: "bytea",
    SmallInteger: "int2",
    Text: "text",
    Uuid: "bytea",
}
CALL_LAYOUT: tuple[str, ...] = tuple(
    _LAYOUTS[type(calls.columns[name].type)] for name in CALL_COLUMNS
)

Row = tuple[Any, ...]

TENANT, STARTED_AT, ID, SERIES = range(4)
FIRST_TOKENS = CALL_COLUMNS.index(TOKEN_FIELDS[0])
COST = CALL_COLUMNS.index("cost_pico_usd")
COST_STATUS = CALL_COLUMNS.index("cost_status")
DURATION = CALL_COLUMNS.index("duration_seconds")
DURATION_BUCKET = CALL_COLUMNS.index("duration_bucket")
FIRST_TOKEN = CALL_COLUMNS.index("time_to_first_token_seconds")
FIRST_TOKEN_BUCKET = CALL_COLUMNS.index("time_to_first_token_bucket")

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_JSONB_VERSION = b"\x01"

_astuple = msgspec.structs.astuple
_plain = attrgetter(
    "request_model",
    "error_type",
    "user",
    "session",
    "prompt_name",
    "service_tier",
    "trace_id",
    "span_id",
    "operation_id",
    "attempt",
    "response_id",
    "reservation_id",
    "cache_hit",
    "verdict",
)
_json = msgspec.json.Encoder(order="deterministic").encode


def microseconds(moment: datetime) -> int:
    """Microseconds since 2000-01-01 UTC, Postgres' own count."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(count: int) -> datetime:
    """The moment of a count of microseconds since 2000-01-01 UTC."""
    return _EPOCH + timedelta(0, *divmod(count, 1_000_000))


def jsonb(value: Any) -> bytes | None:
    """The binary form of jsonb; None for nothing and for what is empty."""
    return _JSONB_VERSION + _json(value) if value else None


def call_row(call: Call, cost: Cost, series: bytes) -> Row:
    """A call in the order of CALL_COLUMNS; `series` is the 16 bytes of its series' id."""
    duration, first_token = call.duration_seconds, call.time_to_first_token_seconds
    version = cost.price_version
    return (
        call.tenant,
        (call.started_at - _EPOCH) // _MICROSECOND,
        call.id,
        series,
        *_astuple(call.usage),
        cost.pico_usd,
        cost.status,
        cost.reason,
        version and version.bytes,
        call.reported_cost_pico_usd,
        duration,
        None if duration is None else latency_bucket(duration),
        first_token,
        None if first_token is None else latency_bucket(first_token),
        *_plain(call),
        jsonb(call.tags),
        jsonb(call.raw_usage),
        call.receiver,
        call.dialect,
    )
