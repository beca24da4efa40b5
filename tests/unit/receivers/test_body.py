from __future__ import annotations

import contextlib
import gzip
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd

from collector.receivers.body import decompress
from ledger.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody

LIMIT = 2**20
TEXT = b'{"tenant": "acme"}' * 100
SKIPPABLE = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"


def raw_deflate(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(data) + encoder.flush()


def zstd_of_unknown_size(data: bytes) -> bytes:
    """As a sender writes it that does not know the size when it begins."""
    encoder = zstd.ZstdCompressor()
    return encoder.compress(data) + encoder.flush()


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_is_left_as_it_is(encoding: str | None) -> None:
    assert decompress(TEXT, encoding, LIMIT) == TEXT


@pytest.mark.parametrize("encoding", [None, *COMPRESSORS])
def test_a_byte_order_mark_is_no_part_of_a_body(encoding: str | None) -> None:
    marked = b"\xef\xbb\xbf" + TEXT
    sent = COMPRESSORS[encoding](marked) if encoding else marked
    assert decompress(sent, encoding, LIMIT) == TEXT
    assert decompress(TEXT + b"\xef\xbb\xbf", None, LIMIT) == TEXT + b"\xef\xbb\xbf"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", " gzip "])
def test_a_gzip_body_is_decompressed(encoding: str) -> None:
    assert decompress(gzip.compress(TEXT), encoding, LIMIT) == TEXT


def test_several_gzip_members_are_one_body() -> None:
    members = gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"the end")
    assert decompress(members, "gzip", LIMIT) == TEXT + b"the end"


def test_a_body_of_exactly_the_limit_is_accepted() -> None:
    exact = b"x" * LIMIT
    assert decompress(exact, None, LIMIT) == exact
    assert decompress(gzip.compress(exact), "gzip", LIMIT) == exact


def test_a_plain_body_past_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        decompress(b"x" * (LIMIT + 1), None, LIMIT)


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(bytes(LIMIT + 1)),
        gzip.compress(bytes(200 * LIMIT), 9),
        gzip.compress(bytes(LIMIT // 2)) * 3,
    ],
    ids=["one byte too many", "200 times the limit", "several members"],
)
def test_a_gzip_bomb_is_refused_at_the_limit(bomb: bytes) -> None:
    with pytest.raises(BodyTooLarge, match=str(LIMIT)):
        decompress(bomb, "gzip", LIMIT)


def test_a_body_of_many_tiny_members_takes_no_long_time() -> None:
    members = gzip.compress(b"") * 100_000
    begun_at = time.perf_counter()
    with contextlib.suppress(UnreadableBody):
        decompress(members, "gzip", 64 * LIMIT)
    assert time.perf_counter() - begun_at < 1.0


@pytest.mark.parametrize("missing", [1, 4, 8, 9, 30])
def test_a_truncated_gzip_body_is_unreadable(missing: int) -> None:
    with pytest.raises(UnreadableBody):
        decompress(gzip.compress(TEXT)[:-missing], "gzip", LIMIT)


def test_a_truncated_last_member_is_unreadable() -> None:
    with pytest.raises(UnreadableBody):
        decompress(gzip.compress(TEXT) + gzip.compress(TEXT)[:-3], "gzip", LIMIT)


@pytest.mark.parametrize(
    "damaged",
    [
        TEXT,
        b"\x1f",
        b"\x1f\x8b",
        zlib.compress(TEXT),
        gzip.compress(TEXT)[:-8] + bytes(8),
        gzip.compress(TEXT) + b"garbage",
    ],
)
def test_what_is_no_gzip_is_unreadable(damaged: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decompress(damaged, "gzip", LIMIT)


@pytest.mark.parametrize("encoding", ["br", "compress", "x-zstd", "nonsense"])
def test_an_unknown_encoding_is_named_with_those_we_take(encoding: str) -> None:
    with pytest.raises(UnsupportedBody, match=f"{encoding}.*gzip, zstd, deflate or none"):
        decompress(TEXT, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "zstd,gzip", "gzip, identity"])
def test_chained_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedBody, match="more than one encoding"):
        decompress(gzip.compress(TEXT), encoding, LIMIT)


@pytest.mark.parametrize("compress", [zlib.compress, raw_deflate], ids=["zlib", "raw"])
def test_deflate_is_taken_in_both_of_its_readings(compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(TEXT), "deflate", LIMIT) == TEXT
    assert decompress(compress(b""), "deflate", LIMIT) == b""


@pytest.mark.parametrize("compress", [zstd.compress, zstd_of_unknown_size])
def test_zstd_is_taken_with_and_without_a_content_size(compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(TEXT), "zstd", LIMIT) == TEXT


def test_several_zstd_frames_are_one_body_and_skippable_ones_are_skipped() -> None:
    frames = zstd.compress(TEXT) + SKIPPABLE + zstd.compress(b"") + zstd.compress(b"the end")
    assert decompress(frames, "zstd", LIMIT) == TEXT + b"the end"


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_a_body_longer_than_any_piece_comes_out_whole(encoding: str) -> None:
    noise = random.Random(7).randbytes(600_000) + bytes(400_000)
    assert decompress(COMPRESSORS[encoding](noise), encoding, LIMIT) == noise


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_an_empty_body_stays_empty(encoding: str) -> None:
    assert decompress(b"", encoding, LIMIT) == b""


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("zstd", zstd.compress(bytes(LIMIT + 1))),
        ("zstd", zstd_of_unknown_size(bytes(200 * LIMIT))),
        ("zstd", zstd.compress(bytes(LIMIT // 2)) * 3),
        ("deflate", zlib.compress(bytes(200 * LIMIT), 9)),
        ("deflate", raw_deflate(bytes(LIMIT + 1))),
    ],
)
def test_any_bomb_is_refused_at_the_limit(encoding: str, bomb: bytes) -> None:
    with pytest.raises(BodyTooLarge, match=str(LIMIT)):
        decompress(bomb, encoding, LIMIT)


@pytest.mark.parametrize("encoding", COMPRESSORS)
def test_memory_stays_near_the_limit_whatever_a_body_hides(encoding: str) -> None:
    fitting = COMPRESSORS[encoding](bytes(8 * LIMIT))
    bomb = COMPRESSORS[encoding](bytes(100 * LIMIT))
    for body in (fitting, bomb):
        tracemalloc.start()
        with contextlib.suppress(BodyTooLarge):
            decompress(body, encoding, 8 * LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8 * LIMIT * 1.2 + 2**20


def test_a_zstd_window_larger_than_http_allows_is_refused() -> None:
    encoder = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    body = encoder.compress(TEXT) + encoder.flush()
    with pytest.raises(UnreadableBody, match="too much memory"):
        decompress(body, "zstd", LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_of_endless_empty_parts_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableBody, match="more than 100000 parts"):
        decompress(COMPRESSORS[encoding](b"") * 100_001, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["deflate", "zstd"])
@pytest.mark.parametrize("missing", [1, 4, 9])
def test_a_body_that_is_cut_is_unreadable(encoding: str, missing: int) -> None:
    with pytest.raises(UnreadableBody):
        decompress(COMPRESSORS[encoding](TEXT)[:-missing], encoding, LIMIT)


@pytest.mark.parametrize("encoding", COMPRESSORS)
@pytest.mark.parametrize("garbage", [b"x", b"garbage garbage garbage", bytes(64)])
def test_what_follows_the_end_makes_a_body_unreadable(encoding: str, garbage: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decompress(COMPRESSORS[encoding](TEXT) + garbage, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_wrong_checksum_makes_a_body_unreadable(encoding: str) -> None:
    body = COMPRESSORS[encoding](TEXT)
    at = -8 if encoding == "gzip" else -4
    damaged = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    with pytest.raises(UnreadableBody, match="checksum"):
        decompress(damaged, encoding, LIMIT)
