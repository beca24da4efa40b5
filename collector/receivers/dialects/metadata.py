"""What a product wants kept with its spans, where an SDK passes it on as one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from collector.receivers.spans import Span

_FIELDS = ("tenant", "tenant_id", "feature", "user_id", "session_id")


def with_metadata(span: Span, metadata: Mapping[str, Any]) -> Span:
    """The span with the fields of its metadata as attributes `metadata.<field>`."""
    told = {
        f"metadata.{name}": metadata[name]
        for name in _FIELDS
        if type(metadata.get(name)) in (str, int)
    }
    if not told:
        return span
    return msgspec.structs.replace(span, attributes={**span.attributes, **told})


def json_object(text: Any) -> dict[str, Any] | None:
    """An object written as JSON; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
