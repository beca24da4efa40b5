"""Digests of names, and filters that say which of them were certainly never told.

A filter is a blocked Bloom filter: each key sets five bits of one 64-bit word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

KeyArray = npt.NDArray[np.uint64]

_SIGN = 1 << 63
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_ONE = np.uint64(1)
_KEYS_A_WORD = 2
"""Of those kept for good: one key in some thousands is taken for told that was not."""

_KEYS_AT_ONCE = 1 << 20


def key_of_name(tenant: str, name: str) -> int:
    """The key of a tenant's name, as a signed 64-bit integer."""
    return (xxh3_64_intdigest(f"{tenant}\x1e{name}".encode()) ^ _SIGN) - _SIGN


class Bits(NamedTuple):
    """Where keys stand in filters of any length, and what they set there."""

    spread: KeyArray
    """A key's place is this modulo the number of words."""
    masks: KeyArray

    @classmethod
    def of(cls, keys: KeyArray) -> Bits:
        """The bits of keys."""
        mixed = keys * _SPREAD
        masks = np.zeros(len(keys), dtype=np.uint64)
        for shift in (0, 6, 12, 18, 24):
            masks |= _ONE << ((mixed >> np.uint64(shift)) & np.uint64(63))
        return cls(mixed >> np.uint64(32), masks)

    def places(self, words: int) -> npt.NDArray[np.int64]:
        """The words they stand in, in a filter of so many."""
        return (self.spread % np.uint64(words)).astype(np.int64)


class Sought(NamedTuple):
    """One key as it is looked for in filters that were stored."""

    spread: int
    mask: int

    @classmethod
    def of(cls, key: int) -> Sought:
        """What to look for; the key is a signed integer."""
        bits = Bits.of(np.array([key], dtype=np.int64).view(np.uint64))
        return cls(int(bits.spread[0]), int(bits.masks[0]))

    def may_stand_in(self, word: bytes) -> bool:
        """Whether a filter may hold the key, by the word at its place; False is certain."""
        return int.from_bytes(word, "little") & self.mask == self.mask


def stored_filter(keys: KeyArray) -> bytes:
    """A filter of these keys, little-endian word by word; at least one word."""
    words = np.zeros(max(1, -(-len(keys) // _KEYS_A_WORD)), dtype=np.uint64)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        bits = Bits.of(keys[start : start + _KEYS_AT_ONCE])
        np.bitwise_or.at(words, bits.places(len(words)), bits.masks)
    return words.astype("<u8").tobytes()
