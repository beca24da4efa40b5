"""Spans as the dialects see them, whether they came as protobuf or as JSON."""

from __future__ import annotations

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """Something that happened during a span."""

    name: str
    unix_nanos: int
    exception_type: str | None = None


class Span(msgspec.Struct, frozen=True):
    """One span with what it inherits from its scope and resource.

    `attributes` and `resource` hold the names that `semconv.is_wanted` lists and nothing else:
    content is not even decoded.
    """

    trace_id: str
    span_id: str
    start_unix_nanos: int
    end_unix_nanos: int
    is_error: bool
    scope: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: list[Event]
