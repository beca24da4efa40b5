"""What a connection sends and when: as fast as it is answered, at a pace, or by a schedule."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.load.calls import LoadCall, Mix, call_at
from benchmarks.load.requests import FORMS, Template

_GOLDEN_SECTION = 0.618


class Job(NamedTuple):
    """One request: when it is due, and since when its oldest call waits (monotonic seconds)."""

    due: float
    oldest: float
    request: bytes | bytearray
    calls: int
    new_calls: int
    """Those that were not sent before."""


class Shift(NamedTuple):
    """From when to when jobs are due (monotonic seconds)."""

    begin: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Endless new calls on one connection.

    Without an interval the next request is due when the last one is answered; with one it is due
    at its time, answered or not, so that a slow answer is not hidden by sending less.
    """

    form: str
    mix: Mix
    number: int
    """Unique among the streams of a load."""
    calls_a_request: int = 512
    templates: int = 8
    times_each: int = 1
    """2: every request is sent again after its answer, so that half of the calls are duplicates."""
    interval_seconds: float | None = None
    most_requests: int = 1 << 32
    one_tenant_a_request: bool = False
    """As an app of one customer sends; otherwise as one service sends for all its customers."""
    is_live: bool = False
    """Calls end when they are sent; otherwise they began some time within the mix's spread."""

    def prepare(self, url: str) -> PreparedStream:
        """Write the bodies."""
        first = self.number * self.templates
        form = FORMS[self.form]
        places = range(first, first + self.templates)
        return PreparedStream(self, [Template(url, form, self._calls(place)) for place in places])

    def _calls(self, place: int) -> list[LoadCall]:
        begin = place * self.calls_a_request
        calls = [call_at(self.mix, n) for n in range(begin, begin + self.calls_a_request)]
        if self.one_tenant_a_request:
            return [call._replace(tenant=calls[0].tenant) for call in calls]
        return calls


class PreparedStream:
    """A stream with its bodies written."""

    def __init__(self, stream: Stream, templates: list[Template]) -> None:
        self._stream = stream
        self._templates = templates

    def jobs(self, shift: Shift) -> Iterator[Job]:
        """Requests until the shift ends."""
        for count in range(self._stream.most_requests):
            template = self._templates[count % len(self._templates)]
            template.stamp(self._stream.number << 32 | count)
            if self._stream.is_live:
                template.stamp_time(time.time_ns() // 1000)
            for time_sent in range(self._stream.times_each):
                due = self._due(shift, count * self._stream.times_each + time_sent)
                if due >= shift.end:
                    return
                new_calls = 0 if time_sent else template.calls
                yield Job(due, due, template.request, template.calls, new_calls)

    def _due(self, shift: Shift, place: int) -> float:
        if self._stream.interval_seconds is None:
            return time.monotonic()
        # Streams at one pace take turns instead of all sending in the same moment.
        turn = self._stream.number * _GOLDEN_SECTION % 1
        return shift.begin + (place + turn) * self._stream.interval_seconds
