"""Reading the fields of a call from attributes, shared by all dialects."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects.counts import ReadUsage, count
from collector.receivers.spans import Span
from ledger.domain.calls import ERROR, OK, UNKNOWN_MODEL, UNKNOWN_PROVIDER, Call
from ledger.domain.errors import InvalidRecord
from ledger.domain.money import pico_from_usd
from ledger.pricing.catalog import infer_provider

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRACE_ID_DIGITS = 32
_SPAN_ID_DIGITS = 16
_LAST_UNIX_NANOS = 4_102_444_800 * 10**9  # year 2100

_FIELD_AND_RANK: dict[str, tuple[str, int]] = {
    name: (field, rank)
    for field, names in semconv.SHARED_FIELDS.items()
    for rank, name in enumerate(names)
}
"""Which field an attribute speaks of, and how early it is asked."""


def first(attributes: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value under the first of these names that is set."""
    for name in names:
        value = attributes.get(name)
        if value is not None and value != "":
            return value
    return None


def text(value: Any) -> str | None:
    """A plain value as text; None for lists, maps and nothing."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def number(attributes: Mapping[str, Any], name: str) -> float | None:
    """A number. Raises InvalidRecord when the attribute is something else."""
    value = attributes.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRecord(name, "expected a number")
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidRecord(name, "is larger than any number we can keep") from error


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What a span says of its call in the words of its dialect."""

    dialect: str
    provider: str | None
    model: str | None
    request_model: str | None = None
    operation: str | None
    usage: ReadUsage
    time_to_first_token_seconds: float | None
    error_type: str | None = None
    reported_cost_usd: Any = None
    """As it was sent; used where the span has none of semconv.REPORTED_COST."""
    cache_hit: bool | None = None


def build_call(span: Span, said: Described, default_tenant: str | None) -> Call:
    """A call from what its dialect says and what every span may carry.

    Raises InvalidRecord for a missing tenant, a missing model and impossible times.
    """
    attributes = span.attributes
    error_type = _error_type(span, said)
    status = ERROR if error_type else OK
    attempt = attributes.get(semconv.ATTEMPT)
    model = text(attributes.get(semconv.MODEL)) or said.model or said.request_model
    if model is None and status == OK:
        raise InvalidRecord("gen_ai.request.model", "missing: a call names its model")
    provider = text(attributes.get(semconv.PROVIDER)) or provider_name(said.provider)
    return Call(
        tenant=tenant_of(span) or default_tenant or _tenant_of_gateway(span),
        id=text(attributes.get(semconv.ID)) or identity(span.trace_id, span.span_id),
        started_at=moment(span.start_unix_nanos),
        provider=provider or infer_provider(model or "") or UNKNOWN_PROVIDER,
        model=model or UNKNOWN_MODEL,
        request_model=said.request_model,
        operation=text(attributes.get(semconv.OPERATION)) or said.operation or "chat",
        status=status,
        error_type=error_type,
        usage=said.usage[0],
        raw_usage=said.usage[1],
        duration_seconds=duration_seconds(span.start_unix_nanos, span.end_unix_nanos),
        time_to_first_token_seconds=said.time_to_first_token_seconds,
        trace_id=span.trace_id or None,
        span_id=span.span_id or None,
        parent_span_id=span.parent_span_id or None,
        attempt=None if attempt is None else count(attempt, semconv.ATTEMPT),
        reported_cost_pico_usd=reported_cost(attributes, said.reported_cost_usd),
        cache_hit=_flag(attributes.get(semconv.CACHE_HIT, said.cache_hit)),
        tags=_tags(attributes),
        dialect=said.dialect,
        receiver="traces",
        scope=span.scope,
        **_shared_fields(span),
    )


def identity(trace_id: str, span_id: str) -> str:
    """Trace and span name a call where its sender gives it no id of its own.

    Raises InvalidRecord when they cannot.
    """
    for name, value, length in (
        ("trace_id", trace_id, _TRACE_ID_DIGITS),
        ("span_id", span_id, _SPAN_ID_DIGITS),
    ):
        if len(value) != length or not value.strip("0"):
            raise InvalidRecord(
                name, f"expected {length // 2} bytes that are not all zero, or {semconv.ID}"
            )
    return trace_id + span_id


def tenant_of(span: Span) -> str | None:
    """Whose call it is: the span says, or else its resource, or else an SDK's metadata."""
    for attributes in (span.whole_attributes(), span.resource):
        tenant = text(first(attributes, semconv.TENANT))
        if tenant:
            return tenant
    return text(first(span.attributes, semconv.TENANT_IN_METADATA))


def provider_name(said: str | None) -> str | None:
    """OpenTelemetry's name of a provider, where we know that it is meant."""
    name = said and said.lower()
    return semconv.PROVIDERS.get(name, name) if name else None


def _error_type(span: Span, said: Described) -> str | None:
    """What went wrong, as the span, its dialect, its exception or at least its status says."""
    error_type = text(first(span.attributes, semconv.ERROR_TYPE)) or said.error_type
    if error_type is not None or not span.is_error:
        return error_type
    exceptions = (event.exception_type for event in span.events if event.exception_type)
    return next(exceptions, "error")


def _tenant_of_gateway(span: Span) -> str:
    tenant = text(first(span.attributes, semconv.TENANT_OF_GATEWAY))
    if tenant is None:
        raise InvalidRecord(
            "tenant.id", "missing on the span and on its resource: every call belongs to a tenant"
        )
    return tenant


def _shared_fields(span: Span) -> dict[str, str]:
    """The fields that any dialect may carry: the span's own value wins over its resource's."""
    resource, inherited = _latest.inherited
    if resource is not span.resource:
        inherited = fields_in(span.resource)
        _latest.inherited = (span.resource, inherited)
    return {**inherited, **fields_in(span.attributes)}


class _Latest(threading.local):
    """The fields of the resource whose spans are being read: they are the same for all of them."""

    inherited: tuple[Mapping[str, Any] | None, dict[str, str]] = (None, {})


_latest = _Latest()


def fields_in(attributes: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for name, value in attributes.items():
        known = _FIELD_AND_RANK.get(name)
        if known is None:
            continue
        field, rank = known
        said = value if type(value) is str else text(value)
        if said and (field not in found or rank < ranks[field]):
            found[field], ranks[field] = said, rank
    return found


def moment(unix_nanos: int) -> datetime:
    if not unix_nanos:
        raise InvalidRecord("start_time_unix_nano", "missing")
    if not 0 < unix_nanos <= _LAST_UNIX_NANOS:
        raise InvalidRecord("start_time_unix_nano", f"{unix_nanos} is no believable time")
    seconds, nanos = divmod(unix_nanos, 10**9)
    return _EPOCH + timedelta(0, seconds, nanos // 1000)


def duration_seconds(start_unix_nanos: int, end_unix_nanos: int) -> float | None:
    """From start to end; None for a span that has no end. Raises InvalidRecord."""
    if end_unix_nanos == 0:
        return None
    if end_unix_nanos < start_unix_nanos:
        raise InvalidRecord("end_time_unix_nano", "is before start_time_unix_nano")
    return (end_unix_nanos - start_unix_nanos) / 1e9


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def reported_cost(attributes: Mapping[str, Any], otherwise: Any = None) -> int | None:
    """What the sender says the call cost; a figure that is none is left out, the call is kept."""
    value = first(attributes, semconv.REPORTED_COST)
    if value is None:
        value = otherwise
    if value is None:
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        return pico_from_usd(Decimal(str(value)))
    except (InvalidOperation, ValueError):
        return None


def _tags(attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    tags: dict[str, Any] | None = attributes.get(semconv.TAG_PREFIX)
    return tags
