"""Reading request bodies within the limit, whether their length is announced or not."""

from __future__ import annotations

from flask import request

from collector.receivers.body import decompress
from ledger.domain.errors import BodyTooLarge


def read_body(limit_bytes: int) -> bytes:
    """The request's body, decompressed. Raises BodyTooLarge and UnreadableBody."""
    if request.content_length is not None and request.content_length > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    body = request.stream.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise BodyTooLarge(limit_bytes)
    return decompress(body, request.headers.get("Content-Encoding"), limit_bytes)
