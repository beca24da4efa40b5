"""A filter of the keys that were told lately: what it does not know was certainly not told.

Memory grows with the keys up to a bound; beyond it more keys are asked about in vain, which costs
time and nothing else.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from ledger.domain.key_filters import Bits, KeyArray

_FIRST_WORDS = 1 << 16
_GROWTH = 4
_KEYS_A_WORD = 4

Flags = npt.NDArray[np.bool_]


class _Segment:
    def __init__(self, words: int) -> None:
        self._words = np.zeros(words, dtype=np.uint64)
        self.room = words * _KEYS_A_WORD

    @property
    def words(self) -> int:
        return len(self._words)

    def add(self, keys: KeyArray) -> None:
        bits = Bits.of(keys)
        np.bitwise_or.at(self._words, bits.places(self.words), bits.masks)
        self.room -= len(keys)

    def may_hold(self, keys: KeyArray) -> Flags:
        bits = Bits.of(keys)
        found: Flags = (self._words[bits.places(self.words)] & bits.masks) == bits.masks
        return found


class SeenKeys:
    """The keys of the last days, each day forgotten as a whole."""

    def __init__(self, days_kept: int, most_bytes: int) -> None:
        self._days_kept = days_kept
        self._most_words = most_bytes // 8
        self._days: dict[date, list[_Segment]] = {}

    def add(self, day: date, keys: KeyArray) -> None:
        """Remember keys that were told on a day."""
        if day not in self._days:
            self._forget_before(day - timedelta(days=self._days_kept))
        segments = self._days.setdefault(day, [_Segment(_FIRST_WORDS)])
        latest = segments[-1]
        if latest.room <= 0:
            words = latest.words * _GROWTH
            if self._words() + words <= self._most_words:
                segments.append(_Segment(words))
        segments[-1].add(keys)

    def may_hold(self, keys: KeyArray) -> Flags:
        """For each key, whether it may have been told; False is certain. 0 is never held."""
        found: Flags = np.zeros(len(keys), dtype=np.bool_)
        for segments in self._days.values():
            for segment in segments:
                found |= segment.may_hold(keys)
        found &= keys != 0
        return found

    def _words(self) -> int:
        return sum(segment.words for segments in self._days.values() for segment in segments)

    def _forget_before(self, day: date) -> None:
        for old in [known for known in self._days if known < day]:
            del self._days[old]
