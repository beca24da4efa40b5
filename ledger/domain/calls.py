"""What a call is: one request to a model, as its sender told us."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from ledger.domain.dimensions import Series
from ledger.domain.usage import NO_USAGE, Usage

Status = Literal["ok", "error"]
CostStatus = Literal["priced", "estimated", "unpriced"]

OK: Status = "ok"
ERROR: Status = "error"

UNKNOWN_PROVIDER = "unknown"
UNKNOWN_MODEL = "unknown"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call, normalised: aware UTC times, disjoint tokens, no content."""

    tenant: str
    id: str
    started_at: datetime
    provider: str
    """Name of who served the call; OpenTelemetry's names where the sender uses them."""
    model: str
    """The model that answered, or else the one that was asked for."""
    request_model: str | None = None
    operation: str = "chat"
    status: Status = OK
    error_type: str | None = None
    usage: Usage = NO_USAGE
    raw_usage: dict[str, Any] | None = None
    """The sender's own counts where they differ in form from `usage`."""
    duration_seconds: float | None = None
    time_to_first_token_seconds: float | None = None
    feature: str = ""
    service: str = ""
    environment: str = ""
    region: str = ""
    user: str | None = None
    session: str | None = None
    prompt_name: str | None = None
    prompt_version: str = ""
    service_tier: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    operation_id: str | None = None
    attempt: int | None = None
    response_id: str | None = None
    reservation_id: str | None = None
    reported_cost_pico_usd: int | None = None
    """What the sender says the call cost, in 1e-12 USD; kept beside our own figure."""
    cache_hit: bool | None = None
    verdict: str | None = None
    tags: dict[str, Any] | None = None
    dialect: str = "tollbook"
    """Which convention the record was written in."""
    receiver: str = "calls"
    """Which entrance it came through: calls, traces, logs, tail, litellm ..."""
    scope: str = ""
    """Name of the instrumentation scope that told of it; empty where there is none."""
    parent_span_id: str | None = None

    @property
    def series(self) -> Series:
        """The combination of rollup dimensions this call counts under."""
        return Series(
            self.provider,
            self.model,
            self.operation,
            self.feature,
            self.service,
            self.environment,
            self.region,
            self.prompt_version,
            self.status,
        )


class Cost(msgspec.Struct, frozen=True):
    """What a call costs and how we know."""

    status: CostStatus
    pico_usd: int | None
    """In 1e-12 USD; None when unpriced, 0 only for what is free."""
    reason: str | None = None
    price_version: UUID | None = None


class PricedCall(msgspec.Struct, frozen=True):
    """A call with its cost, ready to be booked."""

    call: Call
    cost: Cost


class Refusal(msgspec.Struct, frozen=True):
    """A record that was not booked, kept as evidence without content."""

    index: int
    """Position of the record in its request."""
    path: str
    reason: str
    tenant: str | None = None
    payload: str | None = None
