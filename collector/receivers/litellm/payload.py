"""The fields of LiteLLM's StandardLoggingPayload that a call needs; all others are skipped.

Seen in LiteLLM 1.106. Whatever a call can do without is kept as it was written (`Raw`), so that a
surprise in it costs no call and prompts, answers and tracebacks are not decoded.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from collector.receivers.records import NOT_GIVEN
from ledger.pricing.usages.kept import is_dense

Count = int | float | str | None

_LONGEST_TEXT_BYTES = 16 * 1024


class Metadata(msgspec.Struct):
    """What the proxy knows of who asked."""

    tenant: msgspec.Raw = NOT_GIVEN
    tenant_id: msgspec.Raw = NOT_GIVEN
    user_api_key_team_alias: msgspec.Raw = NOT_GIVEN
    user_api_key_team_id: msgspec.Raw = NOT_GIVEN
    user_api_key_end_user_id: msgspec.Raw = NOT_GIVEN
    user_api_key_user_id: msgspec.Raw = NOT_GIVEN
    requester_metadata: msgspec.Raw = NOT_GIVEN
    spend_logs_metadata: msgspec.Raw = NOT_GIVEN
    usage_object: msgspec.Raw = NOT_GIVEN


class ErrorInformation(msgspec.Struct):
    """What went wrong; its message and traceback are left out, they can quote content."""

    error_code: msgspec.Raw = NOT_GIVEN
    error_class: msgspec.Raw = NOT_GIVEN


class Response(msgspec.Struct):
    """What of an answer is no content."""

    id: msgspec.Raw = NOT_GIVEN
    service_tier: msgspec.Raw = NOT_GIVEN


class CostBreakdown(msgspec.Struct):
    """The tier that LiteLLM charged."""

    service_tier: msgspec.Raw = NOT_GIVEN


class ModelInformation(msgspec.Struct):
    """The entry of LiteLLM's own price map."""

    model_map_key: msgspec.Raw = NOT_GIVEN
    model_map_value: msgspec.Raw = NOT_GIVEN


class Payload(msgspec.Struct, rename={"started": "startTime", "ended": "endTime",
                                      "first_token": "completionStartTime"}):  # fmt: skip
    """One call as LiteLLM's `generic_api` callback posts it. Times are seconds since 1970."""

    started: Decimal
    call_type: str
    status: str | None = None
    ended: Decimal | None = None
    first_token: Decimal | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    id: msgspec.Raw = NOT_GIVEN
    litellm_call_id: msgspec.Raw = NOT_GIVEN
    trace_id: msgspec.Raw = NOT_GIVEN
    session_id: msgspec.Raw = NOT_GIVEN
    stream: msgspec.Raw = NOT_GIVEN
    custom_llm_provider: msgspec.Raw = NOT_GIVEN
    model: msgspec.Raw = NOT_GIVEN
    model_group: msgspec.Raw = NOT_GIVEN
    model_map_information: msgspec.Raw = NOT_GIVEN
    response_cost: msgspec.Raw = NOT_GIVEN
    response_cost_failure_debug_info: msgspec.Raw = NOT_GIVEN
    cost_breakdown: msgspec.Raw = NOT_GIVEN
    cache_hit: msgspec.Raw = NOT_GIVEN
    end_user: msgspec.Raw = NOT_GIVEN
    request_tags: msgspec.Raw = NOT_GIVEN
    metadata: msgspec.Raw = NOT_GIVEN
    error_information: msgspec.Raw = NOT_GIVEN
    response: msgspec.Raw = NOT_GIVEN


class Evidence(msgspec.Struct, rename={"started": "startTime", "ended": "endTime"}):
    """What of a refused payload is kept as evidence."""

    id: msgspec.Raw = NOT_GIVEN
    litellm_call_id: msgspec.Raw = NOT_GIVEN
    trace_id: msgspec.Raw = NOT_GIVEN
    call_type: msgspec.Raw = NOT_GIVEN
    status: msgspec.Raw = NOT_GIVEN
    custom_llm_provider: msgspec.Raw = NOT_GIVEN
    model: msgspec.Raw = NOT_GIVEN
    model_group: msgspec.Raw = NOT_GIVEN
    started: msgspec.Raw = NOT_GIVEN
    ended: msgspec.Raw = NOT_GIVEN
    prompt_tokens: msgspec.Raw = NOT_GIVEN
    completion_tokens: msgspec.Raw = NOT_GIVEN
    response_cost: msgspec.Raw = NOT_GIVEN
    metadata: msgspec.Raw = NOT_GIVEN


def read_object(written: msgspec.Raw, shape: Any) -> Any:
    """The object in this shape; one with nothing in it for anything else."""
    try:
        return msgspec.json.decode(written, type=shape)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return shape()


def read_small_object(written: msgspec.Raw) -> dict[str, Any]:
    """A small object, whole; one with nothing in it for anything else."""
    if len(bytes(written)) > _LONGEST_TEXT_BYTES or is_dense(bytes(written)):
        return {}
    found: dict[str, Any] = read_object(written, dict[str, Any])
    return found


def read_map(written: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The fields of a small object, none of them decoded."""
    if len(bytes(written)) > _LONGEST_TEXT_BYTES:
        return {}
    try:
        return msgspec.json.decode(written, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}


def read_text(written: msgspec.Raw) -> str | None:
    """A plain value as text; None for lists, maps, nothing and what is no text that is sound."""
    raw = bytes(written)
    if raw[:1] in (b"[", b"{") or len(raw) > _LONGEST_TEXT_BYTES or raw == b"null":
        return None
    if not raw.startswith(b'"'):
        return raw.decode(errors="replace") or None
    try:
        return msgspec.json.decode(raw, type=str) or None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
