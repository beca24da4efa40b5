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


FORMS = {
    "otlp": Form(otlp_bodies.PATH, otlp_bodies.CONTENT_TYPE, otlp_bodies.otlp_body),
    "ndjson": Form(json_bodies.PATH, json_bodies.CONTENT_TYPE, json_bodies.ndjson_body),
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

    def stamp(self, number: int) -> None:
        """Make it a request of calls nobody has seen before, if the number is new."""
        binary = number.to_bytes(_MARK_BYTES, "big")
        request = self.request
        for place in self._binary:
            request[place : place + _MARK_BYTES] = binary
        text = binary.hex().encode()
        for place in self._texts:
            request[place : place + 2 * _MARK_BYTES] = text


def _places(request: bytearray, mark: bytes) -> Iterator[int]:
    place = request.find(mark)
    while place >= 0:
        yield place
        place = request.find(mark, place + len(mark))
