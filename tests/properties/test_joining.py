from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.calls import Call
from ledger.domain.joining import join, key_of
from ledger.domain.merging import in_rank, merged
from tests.properties.records import distinct

some = distinct(12)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(records: list[Call], random: Random) -> None:
    shuffled = random.sample(records, len(records))
    assert join(shuffled) == join(records)


@given(some)
def test_every_record_is_of_exactly_one_call(records: list[Call]) -> None:
    told = Counter(key_of(record) for one in join(records) for record in one.records)
    assert told == Counter(map(key_of, records))


@given(some)
def test_a_call_is_named_as_one_of_its_records(records: list[Call]) -> None:
    for one in join(records):
        assert key_of(one.call) == key_of(one.records[0])


@given(some)
def test_records_of_one_id_or_one_call_alone_are_never_parted(records: list[Call]) -> None:
    joined = join(records)
    assert len({record.id for record in records}) >= len(joined)
    for one in joined:
        assert join(one.records) == [one]


@given(some)
def test_merging_again_changes_nothing(records: list[Call]) -> None:
    for one in join(records):
        assert merged([one.call, *one.records]) == one.call
        assert merged([one.call]) == one.call


@given(some)
def test_the_rank_of_records_is_total(records: list[Call]) -> None:
    for one in join(records):
        assert in_rank(one.records[::-1]) == in_rank(one.records)


@given(some)
def test_usage_is_never_made_up(records: list[Call]) -> None:
    for one in join(records):
        assert one.call.usage in [record.usage for record in one.records]
        known = [record for record in one.records if record.usage.is_known]
        assert one.call.usage.is_known == bool(known)
