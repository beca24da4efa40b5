"""One of LiteLLM's payloads as a call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from collector.receivers.litellm.labels import labels_of, tags_of, tenant_of
from collector.receivers.litellm.names import bare_model, operation_of, provider_name
from collector.receivers.litellm.payload import (
    CostBreakdown,
    ErrorInformation,
    Metadata,
    ModelInformation,
    Payload,
    Response,
    read_object,
    read_text,
)
from collector.receivers.litellm.usage import read_usage
from ledger.domain.calls import ERROR, OK, UNKNOWN_MODEL, UNKNOWN_PROVIDER, Call
from ledger.domain.errors import InvalidRecord
from ledger.domain.money import pico_from_usd
from ledger.pricing.catalog import infer_provider

RECEIVER = "litellm"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 4_102_444_800  # year 2100
_TRACE_ID = re.compile("[0-9a-f]{32}")
_LONGEST_COST = 64
_FLAGS = {b"true": True, b"false": False}


def call_of_payload(payload: Payload, default_tenant: str | None) -> Call | None:
    """The call; None for what LiteLLM does around calls, such as listing files.

    Raises InvalidRecord for a missing tenant or model and for times and counts that are none.
    """
    metadata = read_object(payload.metadata, Metadata)
    usage, raw_usage = read_usage(payload, metadata)
    operation = operation_of(payload.call_type)
    if operation is None and not usage.is_known:
        return None
    error_type = _error_type(payload)
    provider = read_text(payload.custom_llm_provider)
    model = _model(payload, provider)
    if model is None and error_type is None:
        raise InvalidRecord("model", "missing: a call that succeeded names its model")
    request_model = read_text(payload.model_group)
    return Call(
        id=_identity(payload, failed=error_type is not None),
        started_at=_moment(payload.started),
        provider=_provider(provider, model),
        model=model or UNKNOWN_MODEL,
        request_model=request_model if request_model != model else None,
        operation=operation or payload.call_type,
        status=ERROR if error_type else OK,
        error_type=error_type,
        usage=usage,
        raw_usage=raw_usage,
        receiver=RECEIVER,
        dialect="litellm",
        scope="litellm",
        tags=tags_of(payload),
        tenant=_tenant(metadata, default_tenant),
        **_times(payload),
        **_references(payload),
        **labels_of(payload, metadata),
    )


def _tenant(metadata: Metadata, default_tenant: str | None) -> str:
    tenant = tenant_of(metadata) or default_tenant
    if tenant is None:
        raise InvalidRecord(
            "metadata",
            "names no tenant: neither requester_metadata.tenant nor the team of the key is there",
        )
    return tenant


def _identity(payload: Payload, *, failed: bool) -> str:
    """LiteLLM's id of the request; the attempts that failed before it get their times as well.

    Without that id there is only the answer's, which providers may repeat.
    """
    request = read_text(payload.litellm_call_id)
    if request and not failed:
        return request
    named = request or read_text(payload.id)
    if named is None:
        raise InvalidRecord("id", "missing, and litellm_call_id too")
    return f"{named}@{payload.started}"


def _provider(name: str | None, model: str | None) -> str:
    if name:
        return provider_name(name)
    return infer_provider(model or "") or UNKNOWN_PROVIDER


def _model(payload: Payload, provider: str | None) -> str | None:
    """The model that served. Azure's deployments have names of their own, but may tell a base."""
    if provider and provider.startswith("azure"):
        known = read_object(payload.model_map_information, ModelInformation)
        base = read_text(known.model_map_key)
        if base and bytes(known.model_map_value).startswith(b"{"):
            return base.rpartition("/")[2]
    model = read_text(payload.model)
    return bare_model(model, provider) if model else None


def _error_type(payload: Payload) -> str | None:
    """The HTTP status, or else the class of the exception; a time-out is none of the client's."""
    if payload.status != "failure":
        return None
    told = read_object(payload.error_information, ErrorInformation)
    name = read_text(told.error_class)
    if name and "timeout" in name.lower():
        return "timeout"
    return read_text(told.error_code) or name or "error"


def _moment(seconds: Decimal) -> datetime:
    if not seconds.is_finite() or not 0 <= seconds <= _LAST_SECOND:
        raise InvalidRecord("startTime", "is no believable time in seconds since 1970")
    return _EPOCH + timedelta(microseconds=int(seconds * 10**6))


def _times(payload: Payload) -> dict[str, Any]:
    """Durations in seconds. An answer that was not streamed has its first token at its end."""
    times: dict[str, Any] = {}
    if payload.ended is None:
        return times
    _moment(payload.ended)
    if payload.ended < payload.started:
        raise InvalidRecord("endTime", "is before startTime")
    times["duration_seconds"] = float(payload.ended - payload.started)
    first = payload.first_token
    if first is not None and first.is_finite() and payload.started <= first < payload.ended:
        times["time_to_first_token_seconds"] = float(first - payload.started)
    return times


def _references(payload: Payload) -> dict[str, Any]:
    cache_hit = _FLAGS.get(bytes(payload.cache_hit))
    response = read_object(payload.response, Response)
    breakdown = read_object(payload.cost_breakdown, CostBreakdown)
    trace_id = read_text(payload.trace_id) or ""
    return {
        "cache_hit": cache_hit,
        # An answer from the cache carries the id of the call that once made it.
        "response_id": None if cache_hit else _response_id(payload, response),
        "service_tier": read_text(breakdown.service_tier) or read_text(response.service_tier),
        "reported_cost_pico_usd": _reported_cost(payload),
        "trace_id": trace_id if _TRACE_ID.fullmatch(trace_id) else None,
    }


def _response_id(payload: Payload, response: Response) -> str | None:
    """The provider's id; where it gave none, LiteLLM puts its own in its place."""
    name = read_text(response.id)
    return None if name == read_text(payload.litellm_call_id) else name


def _reported_cost(payload: Payload) -> int | None:
    """What LiteLLM says the call cost, from its digits; 0 where it could not tell is left out."""
    written = read_text(payload.response_cost)
    if written is None or len(written) > _LONGEST_COST:
        return None
    try:
        pico_usd = pico_from_usd(Decimal(written))
    except (InvalidOperation, ValueError):
        return None
    could_not_tell = payload.status == "failure" or bytes(
        payload.response_cost_failure_debug_info
    ).startswith(b"{")
    return None if pico_usd == 0 and could_not_tell else pico_usd
