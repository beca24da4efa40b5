"""Whose call it was and what for, from the metadata of LiteLLM's callers, keys and teams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from collector.receivers.litellm.payload import Metadata, Payload, read_map, read_text
from collector.receivers.records import NOT_GIVEN

_TENANT = ("tenant", "tenant_id", "tollbook.tenant", "tenant.id")
_FIELDS: dict[str, tuple[str, ...]] = {
    name: (name, f"tollbook.{name}")
    for name in (
        "feature", "service", "environment", "region", "user", "session", "prompt_name",
        "prompt_version", "operation_id", "reservation_id", "verdict",
    )
}  # fmt: skip
_FIELDS["session"] += ("session_id",)
_FIELDS["user"] += ("user_id",)

_MOST_TAGS = 64
_LONGEST_TAGS_BYTES = 64 * 1024


def tenant_of(metadata: Metadata) -> str | None:
    """Whose call it is: the caller's metadata says it, or else the team of the key."""
    for given in _given(metadata):
        said = _first(given.get(name, NOT_GIVEN) for name in _TENANT)
        if said:
            return said
    return _first(
        (
            metadata.tenant,
            metadata.tenant_id,
            metadata.user_api_key_team_alias,
            metadata.user_api_key_team_id,
        )
    )


def labels_of(payload: Payload, metadata: Metadata) -> dict[str, Any]:
    """Fields of a call that the caller's metadata names, and those that LiteLLM knows itself."""
    labels = {
        "user": _first(
            (payload.end_user, metadata.user_api_key_end_user_id, metadata.user_api_key_user_id)
        ),
        "session": read_text(payload.session_id),
        "operation_id": read_text(payload.trace_id),
    }
    for given in reversed(_given(metadata)):
        for field, names in _FIELDS.items():
            labels[field] = _first(given.get(name, NOT_GIVEN) for name in names) or labels.get(
                field
            )
    return {field: said for field, said in labels.items() if said}


def tags_of(payload: Payload) -> dict[str, str | bool] | None:
    """LiteLLM's tags are texts: `name:value`, or a name alone; of many, the first count."""
    if len(bytes(payload.request_tags)) > _LONGEST_TAGS_BYTES:
        return None
    try:
        written = msgspec.json.decode(payload.request_tags, type=list[str] | None) or []
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    tags: dict[str, str | bool] = {}
    for tag in written[:_MOST_TAGS]:
        name, colon, value = tag.partition(":")
        tags[name.strip()] = value.strip() if colon else True
    return tags or None


def _given(metadata: Metadata) -> list[dict[str, msgspec.Raw]]:
    """What callers said with their request, the first one wins."""
    return [read_map(metadata.requester_metadata), read_map(metadata.spend_logs_metadata)]


def _first(written: Iterable[msgspec.Raw]) -> str | None:
    return next((said for said in map(read_text, written) if said), None)
