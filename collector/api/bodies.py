"""Reading request bodies within the limit, whether their length is announced or not."""

from __future__ import annotations

import socket

from flask import request

from collector.receivers.body import decompress
from ledger.domain.errors import BodyTooLarge, SlowBody, UnreadableBody

_LONGEST_SILENCE_SECONDS = 10.0


def read_body(limit_bytes: int) -> bytes:
    """The request's body, decompressed.

    Raises BodyTooLarge, SlowBody when its sender falls silent, and UnreadableBody when it ends
    before its announced length or cannot be decompressed.
    """
    announced = request.content_length
    if announced is not None and announced > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    _limit_silence()
    try:
        body = request.stream.read(limit_bytes + 1)
    except TimeoutError as error:
        raise SlowBody(_LONGEST_SILENCE_SECONDS) from error
    except OSError as error:
        raise UnreadableBody(f"the body ended too early: {error}") from error
    if len(body) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    if announced is not None and len(body) < announced:
        raise UnreadableBody(f"the body ended after {len(body)} of {announced} bytes")
    return decompress(body, request.headers.get("Content-Encoding"), limit_bytes)


def _limit_silence() -> None:
    """A sender that stalls would hold one of the process' threads for as long as it likes."""
    connection = request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.settimeout(_LONGEST_SILENCE_SECONDS)
