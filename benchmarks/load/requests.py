"""Ready HTTP requests, and templates that become a request of new calls by changing a few bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.load import json_bodies, otlp_bodies
from benchmarks.load.calls import LoadCall

_MARK = b"\xf5TOLLSTA"
_MARK_TEXT = _MARK.hex().encode()
_MARK_BYTES = len(_MARK)


@dataclass(frozen=True)
class Form:
    """How calls are written and where they are sent."""

    path: str
    content_type: str
    write: Callable[[Iterable[LoadCall]], bytes]
    moment: Callable[[int], bytes]
    """Microseconds since 1970 as they stand in a body; of one length for all moments."""


FORMS = {
    "otlp": Form(
        otlp_bodies.PATH, otlp_bodies.CONTENT_TYPE, otlp_bodies.otlp_body, otlp_bodies.moment
    ),
    "ndjson": Form(
        json_bodies.PATH, json_bodies.CONTENT_TYPE, json_bodies.ndjson_body, json_bodies.moment
    ),
}


def http_request(url: str, form: Form, calls: Iterable[LoadCall]) -> bytes:
    """Head and body of one POST."""
    body = form.write(calls)
    head = (
        f"POST {form.path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Content-Type: {form.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Template:
    """A request whose trace ids and response ids are stamped anew before each sending.

    The client then costs a few microseconds a call where writing the body would cost 30.
    """

    def __init__(self, url: str, form: Form, calls: Iterable[LoadCall]) -> None:
        marked = [
            call._replace(
                trace_id=_MARK + call.trace_id[_MARK_BYTES:],
                response_id=f"chatcmpl-{_MARK.hex()}{call.trace_id[8:12].hex()}",
            )
            for call in calls
        ]
        self.calls = len(marked)
        self.request = bytearray(http_request(url, form, marked))
        self._binary = list(_places(self.request, _MARK))
        self._texts = list(_places(self.request, _MARK_TEXT))
        self._write_moment = form.moment
        self._moments = list(_moments(self.request, form, marked))
        self._latest = max(micros for _, micros in self._moments)

    def stamp(self, number: int) -> None:
        """Make it a request of calls nobody has seen before, if the number is new."""
        binary = number.to_bytes(_MARK_BYTES, "big")
        request = self.request
        for place in self._binary:
            request[place : place + _MARK_BYTES] = binary
        text = binary.hex().encode()
        for place in self._texts:
            request[place : place + 2 * _MARK_BYTES] = text

    def stamp_time(self, now_unix_micros: int) -> None:
        """Make it a request of calls of which the last one has ended just now."""
        later = now_unix_micros - self._latest
        request, write = self.request, self._write_moment
        for place, micros in self._moments:
            moment = write(micros + later)
            request[place : place + len(moment)] = moment


def _moments(
    request: bytearray, form: Form, calls: Iterable[LoadCall]
) -> Iterator[tuple[int, int]]:
    """Where the body says when a call began, and when it ended if it does; and what it says."""
    place = 0
    for call in calls:
        begun, ended = call.started_unix_micros, call.started_unix_micros + call.duration_micros
        place = request.index(form.moment(begun), place)
        yield place, begun
        end = request.find(form.moment(ended), place, place + 4 * len(form.moment(ended)))
        if end >= 0:
            yield end, ended


def _places(request: bytearray, mark: bytes) -> Iterator[int]:
    place = request.find(mark)
    while place >= 0:
        yield place
        place = request.find(mark, place + len(mark))
