"""Request bodies, decompressed within a bound."""

from __future__ import annotations

import zlib

from ledger.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_PIECE_BYTES = 16 * 1024


def decompress(body: bytes, encoding: str | None, limit_bytes: int) -> bytes:
    """The body as its sender meant it, at most `limit_bytes` long.

    Raises BodyTooLarge as soon as the limit is passed (a small body can hide gigabytes), and
    UnreadableBody for encodings we do not know and for damaged data.
    """
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        if len(body) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        return body
    if name not in ("gzip", "x-gzip"):
        raise UnsupportedBody(f"Content-Encoding {name!r} is not supported; use gzip or none")
    return _gunzip(body, limit_bytes)


def _gunzip(body: bytes, limit_bytes: int) -> bytes:
    """Inflate all members of a gzip body, a piece at a time: many tiny members stay cheap."""
    parts: list[bytes] = []
    size = 0
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    pieces = (body[start : start + _PIECE_BYTES] for start in range(0, len(body), _PIECE_BYTES))
    for piece in pieces:
        rest = piece
        while rest:
            if decoder.eof:
                decoder = zlib.decompressobj(_GZIP_WINDOW)
            try:
                part = decoder.decompress(rest, limit_bytes - size + 1)
            except zlib.error as error:
                raise UnreadableBody(f"the body is not valid gzip: {error}") from error
            size += len(part)
            if size > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            parts.append(part)
            rest = decoder.unused_data or decoder.unconsumed_tail
    if body and not decoder.eof:
        raise UnreadableBody("the gzip body ends too early")
    return b"".join(parts)
