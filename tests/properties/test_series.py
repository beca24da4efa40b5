from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.dimensions import SERIES_DIMENSIONS, Series, series_id

series = st.tuples(*[st.text("ab\x00\x01é", max_size=3)] * len(SERIES_DIMENSIONS)).map(
    lambda values: Series(*values)
)


@given(series, series)
def test_two_series_share_a_name_only_if_they_are_one(one: Series, other: Series) -> None:
    assert (series_id(one) == series_id(other)) == (one == other)


@given(series, st.integers(0, len(SERIES_DIMENSIONS) - 2))
def test_a_character_moved_to_the_next_dimension_makes_another_name(
    one: Series, position: int
) -> None:
    values = list(one)
    values[position] += "a"
    moved = list(one)
    moved[position + 1] = "a" + moved[position + 1]
    assert series_id(Series(*values)) != series_id(Series(*moved))
