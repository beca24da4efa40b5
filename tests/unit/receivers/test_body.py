from __future__ import annotations

import contextlib
import gzip
import time
import zlib

import pytest

from collector.receivers.body import decompress
from ledger.domain.errors import BodyTooLarge, UnreadableBody, UnsupportedBody

LIMIT = 2**20
TEXT = b'{"tenant": "acme"}' * 100


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_is_left_as_it_is(encoding: str | None) -> None:
    assert decompress(TEXT, encoding, LIMIT) == TEXT


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


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "nonsense"])
def test_an_unknown_encoding_is_named(encoding: str) -> None:
    with pytest.raises(UnsupportedBody, match=encoding):
        decompress(TEXT, encoding, LIMIT)
