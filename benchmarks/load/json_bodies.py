"""The same calls as NDJSON of POST /v1/calls: about 600 bytes a call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from benchmarks.load.calls import LoadCall

PATH = "/v1/calls"
CONTENT_TYPE = "application/x-ndjson"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ndjson_body(calls: Iterable[LoadCall]) -> bytes:
    """One line a call, saying exactly what its span says."""
    return msgspec.json.Encoder().encode_lines(map(_record, calls))


def moment(unix_micros: int) -> bytes:
    """A time as it stands in a record: RFC 3339 with six digits of a second."""
    at = _EPOCH + timedelta(microseconds=unix_micros)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()


def _record(call: LoadCall) -> dict[str, Any]:
    record: dict[str, Any] = {
        "tenant": call.tenant,
        "started_at": moment(call.started_unix_micros).decode(),
        "provider": call.provider,
        "model": call.model,
        "request_model": call.model,
        "operation": "chat",
        "duration_seconds": call.duration_micros / 1e6,
        "feature": call.feature,
        "user": call.user,
        "session": call.session,
        "service": "assistant-api",
        "environment": "production",
        "trace_id": call.trace_id.hex(),
        "span_id": call.span_id.hex(),
        "response_id": call.response_id,
    }
    if call.failed:
        return record | {"status": "error", "error_type": "429"}
    return record | {
        "time_to_first_token_seconds": call.time_to_first_token_seconds,
        "usage": {
            "gen_ai.usage.input_tokens": call.input_tokens,
            "gen_ai.usage.output_tokens": call.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens,
        },
    }
