from __future__ import annotations

import math
from itertools import pairwise

import pytest

from ledger.domain.latency import (
    ADVISED_BOUNDS_SECONDS,
    ADVISED_BUCKETS,
    BUCKET_BOUNDS_SECONDS,
    OVERFLOW_BUCKET,
    latency_bucket,
    seconds_at,
)


def test_the_advised_bounds_are_among_the_buckets_exactly() -> None:
    bounds = [BUCKET_BOUNDS_SECONDS[index] for index in ADVISED_BUCKETS]
    assert bounds == [float(text) for text in ADVISED_BOUNDS_SECONDS]


def test_each_bound_is_above_the_one_before_by_less_than_ten_percent() -> None:
    ratios = [upper / lower for lower, upper in pairwise(BUCKET_BOUNDS_SECONDS)]
    assert min(ratios) > 1
    assert max(ratios) <= 1.1


def test_the_buckets_reach_from_a_millisecond_to_hours() -> None:
    assert BUCKET_BOUNDS_SECONDS[0] <= 0.001
    assert BUCKET_BOUNDS_SECONDS[-1] >= 5 * 3600


@pytest.mark.parametrize("bucket", [0, 1, 54, 100, OVERFLOW_BUCKET - 1])
def test_an_upper_bound_belongs_to_its_own_bucket(bucket: int) -> None:
    bound = BUCKET_BOUNDS_SECONDS[bucket]
    assert latency_bucket(bound) == bucket
    assert latency_bucket(math.nextafter(bound, math.inf)) == bucket + 1


def test_the_ends_of_the_scale_have_buckets_too() -> None:
    assert latency_bucket(0.0) == 0
    assert latency_bucket(7 * 86_400.0) == OVERFLOW_BUCKET


def test_anything_in_a_bucket_is_within_five_percent_of_any_position_in_it() -> None:
    for bucket in range(1, OVERFLOW_BUCKET):
        lowest = math.nextafter(BUCKET_BOUNDS_SECONDS[bucket - 1], math.inf)
        highest = BUCKET_BOUNDS_SECONDS[bucket]
        for position in (bucket, bucket + 0.5, bucket + 1):
            assert seconds_at(position) == pytest.approx(lowest, rel=0.05)
            assert seconds_at(position) == pytest.approx(highest, rel=0.05)


def test_a_position_past_the_last_bucket_stays_at_the_top_of_the_scale() -> None:
    top = BUCKET_BOUNDS_SECONDS[-1]
    assert seconds_at(OVERFLOW_BUCKET) == pytest.approx(top)
    assert seconds_at(OVERFLOW_BUCKET + 1) == pytest.approx(top)
