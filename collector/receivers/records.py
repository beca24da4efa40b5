"""The shape of a call as JSON, the public contract of POST /v1/calls and of JSON log lines."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.domain.usage import MAX_TOKENS

Tokens = Annotated[int, Meta(ge=0, le=MAX_TOKENS)]
Seconds = Annotated[float, Meta(ge=0)]
INCLUSIVE_PREFIX = "gen_ai.usage."
"""Names of OpenTelemetry's counts, where input and output include their parts."""

NOT_GIVEN = msgspec.Raw(b"null")

RAW_USAGE = "raw_usage"
LARGEST_RAW_USAGE_BYTES = 16 * 1024
RAW_USAGE_TOO_LARGE = (
    f"larger than {LARGEST_RAW_USAGE_BYTES} bytes; send the provider's usage object alone"
)

Moment = Annotated[datetime, Meta(tz=True)]


class UsageRecord(msgspec.Struct, kw_only=True):
    """Disjoint counts, or OpenTelemetry's inclusive ones under their own names."""

    input_tokens: Tokens | None = None
    cache_read_tokens: Tokens | None = None
    cache_write_5m_tokens: Tokens | None = None
    cache_write_1h_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    reasoning_tokens: Tokens | None = None
    input_audio_tokens: Tokens | None = None
    output_audio_tokens: Tokens | None = None
    input_image_tokens: Tokens | None = None
    output_image_tokens: Tokens | None = None
    otel_input: Tokens | None = msgspec.field(default=None, name="gen_ai.usage.input_tokens")
    otel_output: Tokens | None = msgspec.field(default=None, name="gen_ai.usage.output_tokens")
    otel_cache_read: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.cache_read.input_tokens"
    )
    otel_cache_write: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.cache_write.input_tokens"
    )
    otel_cache_creation: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.cache_creation.input_tokens"
    )
    otel_reasoning: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.reasoning.output_tokens"
    )
    otel_input_audio: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.audio.input_tokens"
    )
    otel_output_audio: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.audio.output_tokens"
    )
    otel_input_image: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.image.input_tokens"
    )
    otel_output_image: Tokens | None = msgspec.field(
        default=None, name="gen_ai.usage.image.output_tokens"
    )


class CallRecord(msgspec.Struct, kw_only=True):
    """One call as its sender writes it; fields that are not listed are ignored."""

    started_at: Moment
    tenant: str | None = None
    id: str | None = None
    provider: str | None = None
    model: str | None = None
    request_model: str | None = None
    operation: str | None = None
    usage: UsageRecord | None = None
    raw_usage: msgspec.Raw = NOT_GIVEN
    """The provider's own usage object, read apart: its form depends on who wrote it."""
    duration_seconds: Seconds | None = None
    time_to_first_token_seconds: Seconds | None = None
    status: Literal["ok", "error"] | None = None
    error_type: str | None = None
    feature: str | None = None
    user: str | None = None
    session: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    service: str | None = None
    environment: str | None = None
    region: str | None = None
    service_tier: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    operation_id: str | None = None
    attempt: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    response_id: str | None = None
    reservation_id: str | None = None
    reported_cost_usd: Annotated[Decimal, Meta()] | None = None
    cache_hit: bool | None = None
    verdict: str | None = None
    tags: msgspec.Raw = NOT_GIVEN
    """Read apart: a map of anything could hold content, or a million small values."""


RECORD_FIELDS = frozenset(CallRecord.__struct_encode_fields__)
USAGE_FIELDS = frozenset(UsageRecord.__struct_encode_fields__)
