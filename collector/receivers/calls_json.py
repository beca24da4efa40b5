"""POST /v1/calls: JSON (one call or an array of calls) and NDJSON (a call a line) to calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import blake2b
from io import BytesIO
from itertools import islice
from typing import Any

import msgspec

from collector.receivers.array_split import array_elements, malformed
from collector.receivers.evidence import record_payload, tenant_of
from collector.receivers.json_density import refuse_many_lines
from collector.receivers.received import Reading, Refused, read_each
from collector.receivers.records import (
    INCLUSIVE_PREFIX,
    LARGEST_RAW_USAGE_BYTES,
    NOT_GIVEN,
    RAW_USAGE,
    RAW_USAGE_TOO_LARGE,
    CallRecord,
    UsageRecord,
)
from ledger.domain.calls import ERROR, OK, UNKNOWN_MODEL, UNKNOWN_PROVIDER, Call
from ledger.domain.errors import InvalidRecord, UnreadableBody
from ledger.domain.money import pico_from_usd
from ledger.domain.usage import NO_USAGE, Usage, usage_from_inclusive
from ledger.pricing.catalog import infer_provider
from ledger.pricing.usages.kept import is_dense, kept
from ledger.pricing.usages.normalise import normalise

RECEIVER = "calls"

MOST_TAGS = 64
_LARGEST_TAGS_BYTES = 1024 * 1024
_SPAN_ID_DIGITS = 16
_TRACE_AND_SPAN = re.compile("(?!0{32}|.{32}0{16})[0-9a-f]{48}")

_record = msgspec.json.Decoder(CallRecord)


def read_json(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read one call or an array of calls. Raises UnreadableBody when it is not JSON at all."""
    stripped = body.lstrip()
    if not stripped:
        raise UnreadableBody("the body is empty; send a call, an array of calls, or NDJSON")
    if not stripped.startswith(b"["):
        try:
            msgspec.json.decode(body, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise UnreadableBody(malformed(error)) from error
        return _read_each([body], default_tenant)
    return _read_each(array_elements(stripped), default_tenant)


def read_ndjson(body: bytes, default_tenant: str | None = None) -> Iterator[Reading]:
    """Read one call a line; a damaged line hurts only itself.

    Raises UnreadableBody when there are more lines than there can be calls.
    """
    refuse_many_lines(body)
    lines = (line.removesuffix(b"\n") for line in BytesIO(body))
    return _read_each((line for line in lines if line.strip()), default_tenant)


def call_of_record(
    record: bytes,
    default_tenant: str | None,
    *,
    receiver: str = RECEIVER,
    place: bytes = b"",
) -> Call:
    """The call that one JSON object tells of.

    A call without a name is named by its content and the `place` it stood at. Raises InvalidRecord
    naming what is wrong.
    """
    try:
        return _call(_record.decode(record), place + record.strip(), default_tenant, receiver)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise InvalidRecord(path.strip("`.") or "record", reason) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRecord("record", malformed(error)) from error


def _read_each(records: Iterable[bytes], default_tenant: str | None) -> Iterator[Reading]:
    read = partial(call_of_record, default_tenant=default_tenant)
    return read_each(records, read, tenant=tenant_of, payload=record_payload)


def refused(record: bytes, invalid: InvalidRecord) -> Refused:
    """A record that is no sound call, with what can be kept of it."""
    return Refused(
        invalid.path, invalid.reason, partial(tenant_of, record), partial(record_payload, record)
    )


def _call(record: CallRecord, content: bytes, default_tenant: str | None, receiver: str) -> Call:
    tenant = record.tenant or default_tenant
    if not tenant:
        raise InvalidRecord("tenant", "missing: every call belongs to a tenant")
    status = record.status or (ERROR if record.error_type else OK)
    if not record.model and not record.request_model and status != ERROR:
        raise InvalidRecord("model", "missing: a call that succeeded names its model")
    model = record.model or record.request_model or UNKNOWN_MODEL
    provider = record.provider or infer_provider(model) or UNKNOWN_PROVIDER
    operation = record.operation or "chat"
    usage, raw_usage = _used(record, provider, operation)
    return Call(
        tenant=tenant,
        id=_identity(record, content),
        started_at=record.started_at,
        provider=provider,
        model=model,
        request_model=record.request_model,
        operation=operation,
        status=status,
        error_type=record.error_type,
        usage=usage,
        raw_usage=raw_usage,
        duration_seconds=record.duration_seconds,
        time_to_first_token_seconds=record.time_to_first_token_seconds,
        feature=record.feature or "",
        service=record.service or "",
        environment=record.environment or "",
        region=record.region or "",
        user=record.user,
        session=record.session,
        prompt_name=record.prompt_name,
        prompt_version=record.prompt_version or "",
        service_tier=record.service_tier,
        trace_id=record.trace_id,
        span_id=record.span_id,
        operation_id=record.operation_id,
        attempt=record.attempt,
        response_id=record.response_id,
        reservation_id=record.reservation_id,
        reported_cost_pico_usd=_reported_cost(record),
        cache_hit=record.cache_hit,
        verdict=record.verdict,
        tags=_tags(record.tags),
        receiver=receiver,
    )


def _identity(record: CallRecord, content: bytes) -> str:
    """The sender's id, or trace and span, or else a digest, so that resending stays harmless.

    Trace and span name a call only if they are OpenTelemetry's: what many records have in common,
    such as zeros, would make them copies of each other.
    """
    if record.id:
        return record.id
    if record.trace_id and record.span_id:
        both = f"{record.trace_id}{record.span_id}".lower()
        if _TRACE_AND_SPAN.fullmatch(both) and len(record.span_id) == _SPAN_ID_DIGITS:
            return both
    return blake2b(content, digest_size=16).hexdigest()


def _used(record: CallRecord, provider: str, operation: str) -> tuple[Usage, dict[str, Any] | None]:
    """The usage, and what it was made of if that has another form.

    Where both are given, the raw one has to say what the other says: which one is wrong, nobody
    could tell.
    """
    usage, inclusive = _usage(record.usage)
    raw = _raw_usage(record.raw_usage)
    if raw is None:
        return usage, inclusive
    try:
        told = normalise(provider, operation, raw)
    except InvalidRecord as invalid:
        raise InvalidRecord(f"{RAW_USAGE}.{invalid.path}", invalid.reason) from invalid
    if not told.is_known:
        return usage, kept(raw) or inclusive
    for name, said in usage.reported():
        raw_says = getattr(told, name) or 0
        if said != raw_says:
            raise InvalidRecord(
                RAW_USAGE, f"says {raw_says} {name} where usage says {said}; send one of them"
            )
    return told, kept(raw)


def _raw_usage(written: msgspec.Raw) -> dict[str, Any] | None:
    """The provider's object; also as JSON in a text, for senders whose fields hold no objects."""
    if written is NOT_GIVEN or bytes(written) == b"null":
        return None
    if len(bytes(written)) > LARGEST_RAW_USAGE_BYTES:
        raise InvalidRecord(RAW_USAGE, RAW_USAGE_TOO_LARGE)
    try:
        json = bytes(written)
        if json.startswith(b'"'):
            json = msgspec.json.decode(json, type=str).encode()
        if is_dense(json):
            raise InvalidRecord(RAW_USAGE, "has more objects and lists than its size has room for")
        return msgspec.json.decode(json, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidRecord(RAW_USAGE, str(error).partition(" - at `$")[0]) from error


def _usage(record: UsageRecord | None) -> tuple[Usage, dict[str, Any] | None]:
    if record is None:
        return NO_USAGE, None
    sent = {
        name: tokens for name, tokens in msgspec.to_builtins(record).items() if tokens is not None
    }
    inclusive = {name for name in sent if name.startswith(INCLUSIVE_PREFIX)}
    if not inclusive:
        return Usage(**sent), None
    if len(inclusive) < len(sent):
        raise InvalidRecord(
            "usage",
            f"mixes counts under {INCLUSIVE_PREFIX}* names, which include their parts, with others,"
            " which do not; send one kind",
        )
    cache_write = record.otel_cache_write
    usage = usage_from_inclusive(
        input_tokens=record.otel_input,
        output_tokens=record.otel_output,
        cache_read=record.otel_cache_read,
        cache_write=record.otel_cache_creation if cache_write is None else cache_write,
        reasoning=record.otel_reasoning,
        input_audio=record.otel_input_audio,
        output_audio=record.otel_output_audio,
        input_image=record.otel_input_image,
        output_image=record.otel_output_image,
    )
    return usage, sent


def _tags(written: msgspec.Raw) -> dict[str, Any] | None:
    """The first tags with plain values; nested ones could hold content and are left out."""
    if written is NOT_GIVEN:
        return None
    if len(bytes(written)) > _LARGEST_TAGS_BYTES:
        raise InvalidRecord("tags", f"larger than {_LARGEST_TAGS_BYTES} bytes")
    try:
        tags = msgspec.json.decode(written, type=dict[str, Any] | None)
    except msgspec.ValidationError as error:
        raise InvalidRecord("tags", str(error).partition(" - at `$")[0]) from error
    plain = (item for item in (tags or {}).items() if isinstance(item[1], str | bool | int | float))
    return dict(islice(plain, MOST_TAGS)) or None


def _reported_cost(record: CallRecord) -> int | None:
    if record.reported_cost_usd is None:
        return None
    try:
        return pico_from_usd(record.reported_cost_usd)
    except ValueError as error:
        raise InvalidRecord("reported_cost_usd", str(error)) from error
