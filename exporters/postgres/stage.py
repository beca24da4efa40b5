"""The stage: a temporary table that calls are copied to before they are booked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import set_json_dumps
from sqlalchemy.dialects import postgresql

from exporters.postgres.batches import Batch
from ledger.domain.calls import PricedCall
from ledger.domain.dimensions import series_id
from ledger.domain.latency import latency_bucket
from ledger.storage.tables import calls

CALL_COLUMNS: tuple[str, ...] = tuple(
    column.name for column in calls.columns if column.name != "booked_at"
)

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_TYPES: tuple[str, ...] = tuple(
    calls.columns[name].type.compile(dialect=_DIALECT).lower() for name in CALL_COLUMNS
)
_COPY_TYPES: tuple[str, ...] = (
    *("timestamptz" if sql_type.startswith("timestamp") else sql_type for sql_type in _TYPES),
    "integer",
)

_CREATE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS call_stage ("
    + ", ".join(f"{name} {sql_type}" for name, sql_type in zip(CALL_COLUMNS, _TYPES, strict=True))
    + ", request integer) ON COMMIT DELETE ROWS"
)
_COPY = f"COPY call_stage ({', '.join(CALL_COLUMNS)}, request) FROM STDIN (FORMAT BINARY)"


def fill_stage(connection: psycopg.Connection[Any], batches: Iterable[Batch]) -> int:
    """Copy the calls of all batches to the stage; returns how many there are."""
    staged = 0
    with connection.cursor() as cursor:
        set_json_dumps(msgspec.json.encode, cursor)
        cursor.execute(_CREATE)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for request, batch in enumerate(batches):
                for priced in batch.calls:
                    copy.write_row(_row(priced, batch.receiver, request))
                staged += len(batch.calls)
    return staged


def _row(priced: PricedCall, receiver: str, request: int) -> tuple[object, ...]:
    """One stage row, in the order of CALL_COLUMNS and then the request's number."""
    call, cost = priced.call, priced.cost
    duration, first_token = call.duration_seconds, call.time_to_first_token_seconds
    return (
        call.tenant,
        call.started_at,
        call.id,
        series_id(call.series),
        *msgspec.structs.astuple(call.usage),
        cost.pico_usd,
        cost.status,
        cost.reason,
        cost.price_version,
        call.reported_cost_pico_usd,
        duration,
        None if duration is None else latency_bucket(duration),
        first_token,
        None if first_token is None else latency_bucket(first_token),
        call.request_model,
        call.error_type,
        call.user,
        call.session,
        call.prompt_name,
        call.service_tier,
        call.trace_id,
        call.span_id,
        call.operation_id,
        call.attempt,
        call.response_id,
        call.reservation_id,
        call.cache_hit,
        call.verdict,
        call.tags or None,
        call.raw_usage or None,
        receiver,
        call.dialect,
        request,
    )
