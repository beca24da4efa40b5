from __future__ import annotations

import math
from typing import Any

import pytest

from ledger.domain.usage import (
    INPUT_FIELDS,
    MAX_TOKENS,
    NO_USAGE,
    OUTPUT_FIELDS,
    TOKEN_FIELDS,
    Usage,
    token_count,
    usage_from_inclusive,
)


def test_cached_and_written_tokens_are_taken_out_of_the_input() -> None:
    usage = usage_from_inclusive(
        input_tokens=1000, output_tokens=50, cache_read=600, cache_write=300, cache_write_1h=100
    )
    assert usage == Usage(
        input_tokens=100,
        cache_read_tokens=600,
        cache_write_5m_tokens=200,
        cache_write_1h_tokens=100,
        output_tokens=50,
    )


def test_reasoning_is_taken_out_of_the_output() -> None:
    usage = usage_from_inclusive(input_tokens=10, output_tokens=500, reasoning=380)
    assert usage == Usage(input_tokens=10, output_tokens=120, reasoning_tokens=380)


def test_audio_and_images_are_taken_out_of_both_sides() -> None:
    usage = usage_from_inclusive(
        input_tokens=100,
        output_tokens=80,
        input_audio=30,
        input_image=20,
        output_audio=50,
        output_image=10,
    )
    assert usage == Usage(
        input_tokens=50,
        output_tokens=20,
        input_audio_tokens=30,
        input_image_tokens=20,
        output_audio_tokens=50,
        output_image_tokens=10,
    )


def test_parts_as_large_as_the_whole_leave_zero_and_not_unknown() -> None:
    usage = usage_from_inclusive(input_tokens=600, output_tokens=380, cache_read=600, reasoning=380)
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)


def test_a_sender_that_counts_disjointly_already_is_left_as_it_is() -> None:
    usage = usage_from_inclusive(input_tokens=100, output_tokens=5, cache_read=900)
    assert usage == Usage(input_tokens=100, cache_read_tokens=900, output_tokens=5)


def test_what_is_not_reported_stays_unknown() -> None:
    assert usage_from_inclusive(input_tokens=None, output_tokens=None) == NO_USAGE
    usage = usage_from_inclusive(input_tokens=None, output_tokens=7, cache_read=3)
    assert usage == Usage(cache_read_tokens=3, output_tokens=7)


def test_usage_is_known_once_any_type_is_even_zero() -> None:
    assert not NO_USAGE.is_known
    assert Usage(input_tokens=0).is_known


def test_usage_is_whole_once_both_sides_are_known_in_part() -> None:
    assert not NO_USAGE.is_whole
    assert not Usage(input_tokens=5, cache_read_tokens=3).is_whole
    assert not Usage(output_tokens=5).is_whole
    assert Usage(cache_read_tokens=0, reasoning_tokens=0).is_whole


def test_reported_lists_the_known_types_only() -> None:
    usage = Usage(input_tokens=0, reasoning_tokens=4)
    assert list(usage.reported()) == [("input_tokens", 0), ("reasoning_tokens", 4)]


def test_every_token_type_is_either_input_or_output() -> None:
    assert set(TOKEN_FIELDS) == INPUT_FIELDS | OUTPUT_FIELDS
    assert not INPUT_FIELDS & OUTPUT_FIELDS


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (17, 17),
        (17.0, 17),
        ("17", 17),
        (MAX_TOKENS, MAX_TOKENS),
        (None, None),
        ("", None),
    ],
)
def test_token_counts_are_read_as_senders_write_them(value: Any, count: int | None) -> None:
    assert token_count(value, "n") == count


@pytest.mark.parametrize(
    "value",
    [
        -1,
        -1.0,
        "-1",
        1.5,
        math.nan,
        math.inf,
        -math.inf,
        True,
        False,
        "many",
        " ",
        "1.5",
        "1e3",
        "0x10",
        "1_000",
        "٣",
        "²",
        "9" * 21,
        "9" * 10_000,
        MAX_TOKENS + 1,
        1e300,
        [],
        [5],
        {},
        b"5",
    ],
)
def test_a_token_count_that_is_none_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^gen_ai\.usage\.input_tokens: "):
        token_count(value, "gen_ai.usage.input_tokens")
