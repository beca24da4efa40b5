"""Merging histograms in the database is adding their counts, bucket by bucket."""

from __future__ import annotations

from collections import Counter
from random import Random

import psycopg
import pytest

_MERGE = "SELECT merge_histograms(%s::bigint[], %s::bigint[])"


def _packed(counts: Counter[int]) -> list[int]:
    return [bucket << 48 | count for bucket, count in sorted(counts.items())]


def _unpacked(elements: list[int]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for element in elements:
        counts[element >> 48] += element & (1 << 48) - 1
    return counts


def _histogram(random: Random, buckets: int) -> Counter[int]:
    return Counter({random.randrange(390): random.randrange(1, 2**40) for _ in range(buckets)})


@pytest.mark.parametrize("seed", range(8))
def test_any_two_histograms_merge_into_their_sum(database_url: str, seed: int) -> None:
    random = Random(seed)
    with psycopg.connect(database_url) as connection:
        for buckets in (1, 2, 7, 60, 300):
            one, other = _histogram(random, buckets), _histogram(random, random.choice((1, 9, 80)))
            merged = connection.execute(_MERGE, (_packed(one), _packed(other))).fetchone()
            assert merged is not None
            assert _unpacked(merged[0]) == one + other


def test_a_histogram_that_is_added_to_many_times_stays_short(database_url: str) -> None:
    random = Random(1)
    everything: Counter[int] = Counter()
    with psycopg.connect(database_url) as connection:
        merged: list[int] | None = None
        for _ in range(300):
            added = Counter({random.randrange(30): random.randrange(1, 5) for _ in range(3)})
            everything += added
            row = connection.execute(_MERGE, (merged, _packed(added))).fetchone()
            assert row is not None
            merged = row[0]
            assert len(row[0]) <= 160
    assert _unpacked(merged or []) == everything


def test_compacting_takes_back_what_a_correction_takes_back(database_url: str) -> None:
    counted, taken = Counter({3: 2, 7: 1, 9: 5}), [(7, -1), (9, -2), (3, -1), (11, 4)]
    elements = [*_packed(counted), *((bucket << 48) + calls for bucket, calls in taken)]
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT compact_histogram(%s::bigint[])", (elements,)).fetchone()
    assert row == (_packed(Counter({3: 1, 9: 3, 11: 4})),)


def test_nothing_merged_with_a_histogram_is_the_histogram(database_url: str) -> None:
    histogram = _packed(Counter({3: 1, 200: 5}))
    with psycopg.connect(database_url) as connection:
        assert connection.execute(_MERGE, (None, histogram)).fetchone() == (histogram,)
        assert connection.execute(_MERGE, (histogram, None)).fetchone() == (histogram,)
        assert connection.execute(_MERGE, (None, None)).fetchone() == (None,)
