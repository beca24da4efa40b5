"""Disjoint token counts of one call. Each token is counted in exactly one type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

MAX_TOKENS = 1_000_000_000
"""No provider serves a call of a billion tokens: a larger count is a fault of the sender."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by type; None is unknown, never zero. The types do not overlap."""

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None

    def reported(self) -> Iterator[tuple[str, int]]:
        """Yield (field name, tokens) for the types that are known."""
        for name in TOKEN_FIELDS:
            tokens = getattr(self, name)
            if tokens is not None:
                yield name, tokens

    @property
    def is_known(self) -> bool:
        """Whether any type was reported."""
        return any(getattr(self, name) is not None for name in TOKEN_FIELDS)

    @property
    def is_whole(self) -> bool:
        """Whether both what went in and what came out is known, at least in part."""
        return all(
            any(getattr(self, name) is not None for name in side)
            for side in (INPUT_FIELDS, OUTPUT_FIELDS)
        )


TOKEN_FIELDS: tuple[str, ...] = Usage.__struct_fields__
OUTPUT_FIELDS = frozenset(
    ("output_tokens", "reasoning_tokens", "output_audio_tokens", "output_image_tokens")
)
INPUT_FIELDS = frozenset(TOKEN_FIELDS) - OUTPUT_FIELDS

NO_USAGE = Usage()


def usage_from_inclusive(  # noqa: PLR0913 - one parameter a token type
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cache_read: int | None = None,
    cache_write: int | None = None,
    cache_write_1h: int | None = None,
    reasoning: int | None = None,
    input_audio: int | None = None,
    output_audio: int | None = None,
    input_image: int | None = None,
    output_image: int | None = None,
) -> Usage:
    """Make disjoint counts from OpenTelemetry's, where input and output include their parts.

    `cache_write` includes `cache_write_1h`. Parts that do not fit into their whole come from a
    sender that already counts disjointly: then the whole stays as it is, so nothing goes negative.
    """
    written_5m = None if cache_write is None else _rest(cache_write, (cache_write_1h,))
    return Usage(
        input_tokens=_rest(
            input_tokens, (cache_read, written_5m, cache_write_1h, input_audio, input_image)
        ),
        cache_read_tokens=cache_read,
        cache_write_5m_tokens=written_5m,
        cache_write_1h_tokens=cache_write_1h,
        output_tokens=_rest(output_tokens, (reasoning, output_audio, output_image)),
        reasoning_tokens=reasoning,
        input_audio_tokens=input_audio,
        output_audio_tokens=output_audio,
        input_image_tokens=input_image,
        output_image_tokens=output_image,
    )


def _rest(whole: int | None, parts: tuple[int | None, ...]) -> int | None:
    if whole is None:
        return None
    rest = whole
    for part in parts:
        if part:
            rest -= part
    return rest if rest >= 0 else whole


def token_count(value: Any, path: str) -> int | None:
    """Read a token count as senders write it: an integer, a whole float or digits.

    Returns None when there is none. Raises ValueError naming `path` for anything else, for
    negative counts and for counts that no provider serves.
    """
    if value is None or value == "":
        return None
    tokens = _whole_number(value)
    if tokens is None:
        raise ValueError(f"{path}: expected a whole number of tokens")
    if tokens < 0:
        raise ValueError(f"{path}: a token count cannot be negative")
    if tokens > MAX_TOKENS:
        raise ValueError(f"{path}: more than {MAX_TOKENS} tokens in one call is not believed")
    return tokens


def _whole_number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:20])
    return None
