"""Spans as the dialects see them, whether they came as protobuf or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from ledger.domain.calls import Call

T = TypeVar("T")

MOST_EVENTS = 256
"""Events of one span that are read at its beginning, and again at its end; SDKs keep 128."""


class Event(msgspec.Struct, frozen=True):
    """Something that happened during a span."""

    name: str
    unix_nanos: int
    exception_type: str | None = None


def told_events(written: Sequence[T]) -> Sequence[T]:
    """The events of a span that are read: of very many, the first and the last ones."""
    if len(written) <= 2 * MOST_EVENTS:
        return written
    return [*written[:MOST_EVENTS], *written[-MOST_EVENTS:]]


class Timing(Protocol):
    """What every span has, as it came."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_time_unix_nano: int
    end_time_unix_nano: int


class Alike:
    """What spans of one origin have in common that differ in varying attributes only.

    `read_call` reads further ones from those attributes and what every span has, once a dialect
    has read the first.
    """

    __slots__ = ("attributes", "read_call")

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes
        self.read_call: Callable[[Mapping[str, Any], Timing], Call] | None = None


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
    alike: Alike | None = None
    """Set where spans come by the hundred; `attributes` are whole until it can read calls."""

    def whole_attributes(self) -> dict[str, Any]:
        """All attributes, also where what is alike was left out."""
        return {**self.alike.attributes, **self.attributes} if self.alike else self.attributes
