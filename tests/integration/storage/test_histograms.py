"""Merging histograms in the database is adding their counts, bucket by bucket."""

from __future__ import annotations

from collections import Counter
from random import Random

import psycopg
import pytest

_MERGE = "SELECT merge_histograms(%s::bigint[], %s::bigint[])"


def _packed(counts: Counter[int]) -> list[int]:
    return [bucket << 48 | count for bucket, count in sorted(counts.items())]


def _histogram(random: Random, buckets: int) -> Counter[int]:
    return Counter({random.randrange(390): random.randrange(1, 2**40) for _ in range(buckets)})


@pytest.mark.parametrize("seed", range(8))
def test_any_two_histograms_merge_into_their_sum(database_url: str, seed: int) -> None:
    random = Random(seed)
    with psycopg.connect(database_url) as connection:
        for buckets in (1, 2, 7, 60, 300):
            one, other = _histogram(random, buckets), _histogram(random, random.choice((1, 9, 80)))
            merged = connection.execute(_MERGE, (_packed(one), _packed(other))).fetchone()
            assert merged == (_packed(one + other),)


def test_nothing_merged_with_a_histogram_is_the_histogram(database_url: str) -> None:
    histogram = _packed(Counter({3: 1, 200: 5}))
    with psycopg.connect(database_url) as connection:
        assert connection.execute(_MERGE, (None, histogram)).fetchone() == (histogram,)
        assert connection.execute(_MERGE, (histogram, None)).fetchone() == (histogram,)
        assert connection.execute(_MERGE, (None, None)).fetchone() == (None,)
