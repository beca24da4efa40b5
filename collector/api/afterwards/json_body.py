"""Small JSON bodies of requests that say one thing."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from flask import request

from collector.receivers.body import decompress
from ledger.domain.errors import BodyTooLarge, InvalidRecord

_MOST_BYTES = 16 * 1024

_Shape = TypeVar("_Shape")


def read_json(decoder: msgspec.json.Decoder[_Shape]) -> _Shape:
    """What the request's body says.

    Raises BodyTooLarge, UnreadableBody, and InvalidRecord naming what is wrong in it.
    """
    announced = request.content_length
    if announced is not None and announced > _MOST_BYTES:
        raise BodyTooLarge(_MOST_BYTES)
    body = request.stream.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise BodyTooLarge(_MOST_BYTES)
    try:
        return decoder.decode(
            decompress(body, request.headers.get("Content-Encoding"), _MOST_BYTES)
        )
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise InvalidRecord(path.strip("`.") or "body", reason) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRecord("body", str(error)) from error
