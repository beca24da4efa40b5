"""The filter forgets no key within its days, and rarely takes one for told that was not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporters.postgres.joining.seen_keys import SeenKeys
from ledger.domain.key_filters import KeyArray, Sought, stored_filter

_TODAY = date(2026, 11, 2)
_KEYS = st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=50)


def _array(keys: list[int]) -> KeyArray:
    return np.array(keys, dtype=np.uint64)


@given(st.lists(_KEYS, min_size=1, max_size=8))
def test_what_was_told_in_the_days_kept_is_held(days: list[list[int]]) -> None:
    seen = SeenKeys(len(days), 2**20)
    for ago, keys in enumerate(reversed(days)):
        seen.add(_TODAY - timedelta(days=len(days) - 1 - ago), _array(keys))
    assert seen.may_hold(_array([key for keys in days for key in keys])).all()


def test_the_sign_of_nothing_is_never_held() -> None:
    seen = SeenKeys(2, 2**20)
    seen.add(_TODAY, _array([1, 2, 3]))
    assert not seen.may_hold(_array([0])).any()


def test_among_millions_few_are_asked_about_in_vain() -> None:
    """Each such key costs a look-up in the ledger: ten minutes of ingest tell 18 million."""
    dice = np.random.default_rng(1)
    seen = SeenKeys(2, 64 * 2**20)
    for _ in range(400):
        seen.add(_TODAY, dice.integers(1, 2**63, 12_500, dtype=np.uint64))
    strangers = dice.integers(1, 2**63, 200_000, dtype=np.uint64)
    assert seen.may_hold(strangers).mean() < 0.02


def test_days_that_are_over_are_forgotten() -> None:
    seen = SeenKeys(1, 2**20)
    seen.add(_TODAY - timedelta(days=3), _array([11, 12]))
    seen.add(_TODAY, _array([13]))
    assert not seen.may_hold(_array([11, 12])).any()


@given(_KEYS)
def test_a_stored_filter_forgets_no_key(keys: list[int]) -> None:
    stored = stored_filter(_array(keys))
    assert all(_may_stand_in(stored, key) for key in keys)


def test_a_stored_filter_rarely_takes_a_key_for_told() -> None:
    dice = np.random.default_rng(2)
    stored = stored_filter(dice.integers(1, 2**63, 50_000, dtype=np.uint64))
    strangers = dice.integers(1, 2**63, 20_000, dtype=np.uint64).tolist()
    assert sum(_may_stand_in(stored, key) for key in strangers) < 100


def _may_stand_in(stored: bytes, key: int) -> bool:
    sought = Sought.of(key if key < 2**63 else key - 2**64)
    place = sought.spread % (len(stored) // 8) * 8
    return sought.may_stand_in(stored[place : place + 8])
