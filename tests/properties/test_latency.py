from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.latency import (
    BUCKET_BOUNDS_SECONDS,
    OVERFLOW_BUCKET,
    latency_bucket,
    seconds_at,
)


@given(
    st.floats(BUCKET_BOUNDS_SECONDS[0], BUCKET_BOUNDS_SECONDS[-1], exclude_min=True),
    st.floats(0, 1),
)
def test_any_position_in_its_bucket_is_within_five_percent(seconds: float, part: float) -> None:
    shown = seconds_at(latency_bucket(seconds) + part)
    assert abs(shown - seconds) <= 0.05 * seconds


@given(st.floats(0, 700_000), st.floats(0, 700_000))
def test_a_longer_call_is_never_in_an_earlier_bucket(one: float, other: float) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= latency_bucket(shorter) <= latency_bucket(longer) <= OVERFLOW_BUCKET
