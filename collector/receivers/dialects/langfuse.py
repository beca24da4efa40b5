"""Langfuse's SDK: observations, of which generations and embeddings are calls.

Everything composite is JSON: usage (in the provider's form or Langfuse's own), cost, the
parameters of the model, and also each text of the metadata. The provider is not named.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from collector.receivers import semconv
from collector.receivers.dialects.counts import ReadUsage
from collector.receivers.dialects.fields import Described, build_call, text
from collector.receivers.dialects.metadata import json_object
from collector.receivers.dialects.provider_usage import read_provider_usage
from collector.receivers.spans import Span
from ledger.domain.calls import Call
from ledger.domain.errors import InvalidRecord
from ledger.domain.usage import NO_USAGE
from ledger.pricing.catalog import infer_provider
from ledger.pricing.usages.kept import is_dense

NAME = "langfuse"

_ERROR_CODE = re.compile(r"Error code: ([45]\d\d)\b")


def describes_call(span: Span) -> bool:
    """Whether the span is a generation or an embedding."""
    return span.attributes.get(semconv.LANGFUSE_TYPE) in semconv.LANGFUSE_CALLS


def read_call(span: Span, default_tenant: str | None) -> Call:
    """The call. Raises InvalidRecord naming the attribute that is wrong."""
    span = msgspec.structs.replace(span, attributes=_with_plain_texts(span.attributes))
    attributes = span.attributes
    model = text(attributes.get(semconv.LANGFUSE_MODEL))
    usage = _usage(attributes, infer_provider(model or "") or "")
    said = Described(
        dialect=NAME,
        provider=None,
        model=model,
        operation=semconv.LANGFUSE_CALLS[attributes[semconv.LANGFUSE_TYPE]],
        usage=usage,
        time_to_first_token_seconds=_time_to_first_token(span),
        error_type=_error_type(span),
        # Of a failed call the SDK says that it cost 0 without knowing.
        reported_cost_usd=_cost(attributes) if usage[0].is_known else None,
    )
    return build_call(span, said, default_tenant)


def _with_plain_texts(attributes: dict[str, Any]) -> dict[str, Any]:
    plain = dict(attributes)
    for name in semconv.LANGFUSE_JSON_TEXTS:
        value = plain.get(name)
        if isinstance(value, str) and value.startswith('"'):
            plain[name] = _unquoted(value)
    parameters = json_object(plain.get(semconv.LANGFUSE_PARAMETERS)) or {}
    if isinstance(parameters.get("service_tier"), str):
        plain.setdefault("gen_ai.response.service_tier", parameters["service_tier"])
    return plain


def _unquoted(value: str) -> str:
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.DecodeError:
        return value


def _usage(attributes: dict[str, Any], provider: str) -> ReadUsage:
    written = attributes.get(semconv.LANGFUSE_USAGE)
    if not written:
        return NO_USAGE, None
    told = json_object(written)
    if told is None or is_dense(str(written).encode(errors="replace")):
        raise InvalidRecord(semconv.LANGFUSE_USAGE, "expected a JSON object of counts")
    return read_provider_usage(told, provider)


def _cost(attributes: dict[str, Any]) -> str | None:
    """The total, or else the sum of the parts, in USD; None where there is none."""
    told = json_object(attributes.get(semconv.LANGFUSE_COST)) or {}
    parts = [told["total"]] if "total" in told else list(told.values())
    try:
        numbers = [Decimal(str(part)) for part in parts if type(part) in (int, float)]
        return str(sum(numbers)) if numbers else None
    except (ValueError, ArithmeticError):
        return None


def _time_to_first_token(span: Span) -> float | None:
    written = span.attributes.get(semconv.LANGFUSE_FIRST_TOKEN)
    if not isinstance(written, str):
        return None
    try:
        first_token = datetime.fromisoformat(written.strip('"'))
    except ValueError:
        return None
    if first_token.tzinfo is None:
        first_token = first_token.replace(tzinfo=UTC)
    waited = first_token.timestamp() - span.start_unix_nanos / 1e9
    return waited if waited >= 0 else None


def _error_type(span: Span) -> str | None:
    """The provider's status where the message begins with one."""
    if not span.is_error and span.attributes.get(semconv.LANGFUSE_LEVEL) != "ERROR":
        return None
    found = _ERROR_CODE.match(text(span.attributes.get(semconv.LANGFUSE_STATUS_MESSAGE)) or "")
    return found[1] if found else "error"
