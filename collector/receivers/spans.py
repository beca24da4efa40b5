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

    `attributes` and `resource` hold the names of `semconv.WANTED`, and tags together under
    TAG_PREFIX; content is not even decoded.
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    """Empty for the first span of a trace."""
    start_unix_nanos: int
    end_unix_nanos: int
    is_error: bool
    scope: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: list[Event]
