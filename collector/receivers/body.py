"""Request bodies, decompressed within a bound.

The limit holds for what is kept and for what is taken in one step: a body is fed and read in small
pieces, and a window larger than HTTP allows for zstd (8 MiB, RFC 9659) is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Protocol, cast

from isal import igzip_lib

from ledger.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS = ("gzip", "zstd", "deflate")
"""What Content-Encoding may say, in the order in which we would choose."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What Windows puts before text. No protobuf begins with it: there is no wire type 7."""
_FED_BYTES = 16 * 1024
_TAKEN_BYTES = 256 * 1024
_MOST_MEMBERS = 100_000
"""Members or frames of one body. Empty ones cost us 10 us each and their sender a few bytes."""
_LARGEST_WINDOW_LOG = 23

# The stubs of isal take its error class for one of its errors.
_DAMAGED = (cast("type[Exception]", igzip_lib.IsalError), zstd.ZstdError)


class _Decoder(Protocol):
    """What the decoders of all encodings offer."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes: ...


_new_gzip: Callable[[], _Decoder] = partial(igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_GZIP)
_new_zlib: Callable[[], _Decoder] = partial(igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_ZLIB)
_new_raw_deflate: Callable[[], _Decoder] = partial(
    igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_DEFLATE
)
_new_zstd: Callable[[], _Decoder] = partial(
    zstd.ZstdDecompressor,
    options={zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW_LOG},
)


def decompress(body: bytes, encoding: str | None, limit_bytes: int) -> bytes:
    """The body as its sender meant it, at most `limit_bytes` long, without a byte order mark.

    Raises BodyTooLarge as soon as the limit is passed (a small body can hide gigabytes),
    UnsupportedBody for encodings we do not know, and UnreadableBody for damaged data.
    """
    return _decompressed(body, encoding, limit_bytes).removeprefix(_BYTE_ORDER_MARK)


def _decompressed(body: bytes, encoding: str | None, limit_bytes: int) -> bytes:
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        if len(body) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        return body
    if "," in name:
        raise UnsupportedBody(
            f"Content-Encoding {name!r} is more than one encoding; use one of {_taken()}"
        )
    if name == "x-gzip":
        name = "gzip"
    if name not in ENCODINGS:
        raise UnsupportedBody(f"Content-Encoding {name!r} is not supported; use {_taken()}")
    if name == "gzip":
        return _decode(body, name, _new_gzip, _MOST_MEMBERS, limit_bytes)
    if name == "zstd":
        return _decode(body, name, _new_zstd, _MOST_MEMBERS, limit_bytes)
    new = _new_zlib if _has_zlib_header(body) else _new_raw_deflate
    return _decode(body, name, new, 1, limit_bytes)


def _taken() -> str:
    return f"{', '.join(ENCODINGS)} or none"


def _has_zlib_header(body: bytes) -> bool:
    """HTTP means zlib by "deflate", some senders mean bare deflate: the check bits tell."""
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _decode(
    body: bytes, name: str, new: Callable[[], _Decoder], most_members: int, limit_bytes: int
) -> bytes:
    """All members of a body, one after the other, into one buffer that `getvalue` does not copy."""
    output = BytesIO()
    decoder = new()
    members = 1
    view = memoryview(body)
    for start in range(0, len(body), _FED_BYTES):
        rest: bytes | memoryview = view[start : start + _FED_BYTES]
        while rest:
            if decoder.eof:
                if members == most_members:
                    raise UnreadableBody(_goes_on(name, most_members))
                members += 1
                decoder = new()
            try:
                _drain(decoder, rest, output, limit_bytes)
            except _DAMAGED as error:
                raise UnreadableBody(f"the body is not valid {name}: {error}") from error
            rest = decoder.unused_data
    if body and not decoder.eof:
        raise UnreadableBody(f"the {name} body ends too early")
    return output.getvalue()


def _drain(decoder: _Decoder, data: bytes | memoryview, output: BytesIO, limit_bytes: int) -> None:
    """Feed one piece and take out what it holds, never more than a byte past the limit."""
    while True:
        room = limit_bytes - output.tell() + 1
        output.write(decoder.decompress(data, min(_TAKEN_BYTES, room)))
        if output.tell() > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        if decoder.eof or decoder.needs_input:
            return
        data = b""


def _goes_on(name: str, most_members: int) -> str:
    if most_members == 1:
        return f"the {name} body goes on after its end"
    return f"the {name} body has more than {most_members} parts"
