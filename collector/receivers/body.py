"""Request bodies, decompressed within a bound."""

from __future__ import annotations

import zlib

from ledger.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


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
    parts: list[bytes] = []
    size = 0
    while body:
        decoder = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = decoder.decompress(body, limit_bytes - size + 1)
        except zlib.error as error:
            raise UnreadableBody(f"the body is not valid gzip: {error}") from error
        size += len(part)
        if size > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        if not decoder.eof:
            raise UnreadableBody("the gzip body ends too early")
        parts.append(part)
        body = decoder.unused_data
    return b"".join(parts)
